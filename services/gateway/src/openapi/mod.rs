//! The interface as OpenAPI 3.1, made from the descriptors and their comments.

mod operation;
mod schema;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::http::TIMEOUT_HEADER;
use crate::methods::Methods;
use schema::Schemas;

/// What a reader must know before the first call.
const ABOUT: &str = "\
Every method is a gRPC method; the same path takes JSON. Callers are known by their TLS client certificate.\n\
\n\
- Names are those of the proto files; lowerCamelCase is read as well. Unknown fields are refused.\n\
- A field with its default value (empty text, 0, false, an empty list, the first word of an enumeration) is left off in answers.\n\
- Whole numbers of 64 bits are text. Bytes are base64. Money is decimal text in yuan.\n\
- Methods that only read are also served by GET, with the fields in the query; a field inside a field is named with a dot.\n\
- A stream of answers is `application/x-ndjson`, one a line; an error behind the first is the last line, `{\"error\": ..}`.\n\
- A stream of requests is a list in `application/json`, or one a line in `application/x-ndjson`.\n\
- One message has at most 1 MiB.\n\
- Errors mirror `google.rpc.Status`: branch on `reason` of the ErrorInfo among `details`, never on the message.\n\
\n\
每个方法都是 gRPC 方法，同一路径也接受 JSON；调用方由 TLS 客户端证书识别。字段名与 proto 文件相同，未知字段一律拒绝；\
等于默认值的字段不出现在应答中；64 位整数写成文本，金额是以元为单位的十进制文本。只读方法也可用 GET。\
流式应答每行一条 JSON，中途出错时最后一行为 error。错误请按 details 中 ErrorInfo 的 reason 处理。";

/// The document: every method, every message and enumeration that they use, the form of errors, and mutual TLS.
#[must_use]
pub fn document(methods: &Methods) -> Value {
    let mut schemas = Schemas::default();
    let mut paths = Map::new();
    let mut tags = BTreeMap::new();
    for method in methods.all() {
        paths.insert(method.path.clone(), operation::path(method, &mut schemas));
        tags.entry(method.service.clone())
            .or_insert_with(|| method.service_doc.clone());
    }
    let tags: Vec<Value> = tags
        .into_iter()
        .map(|(name, doc)| json!({"name": name, "description": doc}))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "知融 Zhirong",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"certificate": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {"certificate": {
                "type": "mutualTLS",
                "description": "A client certificate whose public key is registered for an institution or an office.",
            }},
            "parameters": {
                "timeout": {
                    "name": TIMEOUT_HEADER, "in": "header", "required": false,
                    "description": "How long the caller waits for the answer, or for the head of a stream, in milliseconds.",
                    "schema": {"type": "integer", "minimum": 1},
                },
                "traceparent": {
                    "name": "traceparent", "in": "header", "required": false,
                    "description": "W3C trace context; its trace id is in every error.",
                    "schema": {"type": "string"},
                },
            },
            "responses": {"Error": {
                "description": "An error; the HTTP status follows from the gRPC code.",
                "headers": {"Retry-After": {
                    "description": "Seconds after which the same request may succeed, where it may.",
                    "schema": {"type": "integer"},
                }},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            }},
            "schemas": schemas.finish(),
        },
    })
}
