//! JSON over HTTP for every gRPC method, made from the descriptors alone: nothing here knows a domain word.
