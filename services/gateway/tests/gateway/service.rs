//! A small service, described by hand.

use prost::Message;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use zhirong_gateway::Methods;

fn field(name: &str, number: i32, kind: Type, type_name: &str, label: Label) -> FieldDescriptorProto {
    let mut camel = String::new();
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else {
            camel.push(if upper { c.to_ascii_uppercase() } else { c });
            upper = false;
        }
    }
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(kind.into()),
        type_name: (!type_name.is_empty()).then(|| type_name.to_owned()),
        json_name: Some(camel),
        ..FieldDescriptorProto::default()
    }
}

fn method(name: &str, client_streaming: bool, server_streaming: bool) -> MethodDescriptorProto {
    MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(".shop.v1.Order".to_owned()),
        output_type: Some(".shop.v1.Order".to_owned()),
        client_streaming: Some(client_streaming),
        server_streaming: Some(server_streaming),
        ..MethodDescriptorProto::default()
    }
}

/// `shop.v1.OrderService` with one method of each shape, all over `Order`.
pub(crate) fn methods() -> Methods {
    let one = Label::Optional;
    let order = DescriptorProto {
        name: Some("Order".to_owned()),
        field: vec![
            field("order_no", 1, Type::String, "", one),
            field("page_size", 2, Type::Int32, "", one),
            field("grand_total", 3, Type::Int64, "", one),
            field("is_paid", 4, Type::Bool, "", one),
            field("seal", 5, Type::Bytes, "", one),
            field("state", 6, Type::Enum, ".shop.v1.State", one),
            field("parts", 7, Type::Message, ".shop.v1.Order", Label::Repeated),
            field("inner_order", 8, Type::Message, ".shop.v1.Order", one),
            field("tags", 9, Type::String, "", Label::Repeated),
        ],
        ..DescriptorProto::default()
    };
    let value = |name: &str, number| EnumValueDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        options: None,
    };
    let state = EnumDescriptorProto {
        name: Some("State".to_owned()),
        value: vec![value("STATE_UNSPECIFIED", 0), value("STATE_OPEN", 1)],
        ..EnumDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("OrderService".to_owned()),
        method: vec![
            method("PlaceOrder", false, false),
            method("GetOrder", false, false),
            method("StreamOrders", false, true),
            method("ImportOrders", true, true),
            method("CollectOrders", true, false),
        ],
        options: None,
    };
    let file = FileDescriptorProto {
        name: Some("shop/v1/shop.proto".to_owned()),
        package: Some("shop.v1".to_owned()),
        message_type: vec![order],
        enum_type: vec![state],
        service: vec![service],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    Methods::new(&FileDescriptorSet { file: vec![file] }.encode_to_vec()).unwrap()
}
