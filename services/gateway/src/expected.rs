//! What a field takes, in words.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_path_to_error::{Path, Segment};

/// Most names of an enumeration that a refusal lists.
const NAMES_MAX: usize = 12;

/// What a value should have been, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Expected {
    fn new(zh: &str, en: &str) -> Self {
        Self {
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }

    /// What stands at a path below a message.
    pub(crate) fn at(descriptor: &MessageDescriptor, path: &Path) -> Self {
        let mut message = Some(descriptor.clone());
        let mut expected = Self::new("JSON 对象", "a JSON object");
        for segment in path.iter() {
            match segment {
                Segment::Map { key } => {
                    let field = message.take().and_then(|at| {
                        let named = at.get_field_by_json_name(key);
                        named.or_else(|| at.get_field_by_name(key))
                    });
                    let Some(field) = field else { continue };
                    expected = Self::of(&field);
                    message = field.kind().as_message().cloned();
                }
                Segment::Seq { .. } => {
                    if let Some(element) = expected.element() {
                        expected = element;
                    }
                }
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        expected
    }

    fn of(field: &FieldDescriptor) -> Self {
        let one = Self::kind(&field.kind());
        if field.is_map() {
            Self::new("JSON 对象", "a JSON object")
        } else if field.is_list() {
            Self::new(&format!("{LIST_ZH}{}", one.zh), &format!("{LIST_EN}{}", one.en))
        } else {
            one
        }
    }

    /// What an element of a list is; none where this is no list.
    fn element(&self) -> Option<Self> {
        let (zh, en) = (self.zh.strip_prefix(LIST_ZH)?, self.en.strip_prefix(LIST_EN)?);
        Some(Self::new(zh, en))
    }

    fn kind(kind: &Kind) -> Self {
        match kind {
            Kind::String => Self::new("文本", "a text"),
            Kind::Bool => Self::new("true 或 false", "true or false"),
            Kind::Bytes => Self::new("base64 文本", "a base64 text"),
            Kind::Double | Kind::Float => Self::new("数", "a number"),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                Self::new("32 位整数", "a whole number of 32 bits")
            }
            Kind::Uint32 | Kind::Fixed32 => {
                Self::new("32 位非负整数", "a whole number of 32 bits, not negative")
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Self::new(
                "64 位整数（可写成文本）",
                "a whole number of 64 bits, as a number or as text",
            ),
            Kind::Uint64 | Kind::Fixed64 => Self::new(
                "64 位非负整数（可写成文本）",
                "a whole number of 64 bits, not negative, as a number or as text",
            ),
            Kind::Enum(of) => {
                let names: Vec<String> = of.values().map(|value| value.name().to_owned()).collect();
                let more = if names.len() > NAMES_MAX { ", …" } else { "" };
                let shown = names.into_iter().take(NAMES_MAX).collect::<Vec<_>>().join(", ");
                Self::new(
                    &format!("以下之一：{shown}{more}"),
                    &format!("one of {shown}{more}"),
                )
            }
            Kind::Message(of) => match of.full_name() {
                "google.protobuf.Timestamp" => Self::new(
                    "RFC 3339 时间，如 2025-03-01T01:02:03Z",
                    "an RFC 3339 time such as 2025-03-01T01:02:03Z",
                ),
                "google.protobuf.Duration" => Self::new("时长，如 1.5s", "a duration such as 1.5s"),
                _ => Self::new("JSON 对象", "a JSON object"),
            },
        }
    }
}

const LIST_ZH: &str = "数组，其元素为";
const LIST_EN: &str = "a list, each element of it ";
