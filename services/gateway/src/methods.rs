//! What can be called, read from the descriptors once.

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor};

use crate::comment;
use crate::error::Error;

/// Beginnings of the names of methods that change nothing.
const READS: [&str; 5] = ["Get", "List", "Stream", "Download", "Explain"];

/// How many names a refusal suggests.
const NEAR_MAX: usize = 3;

/// Every method of every service of a descriptor set; cheap to clone.
#[derive(Debug, Clone)]
pub struct Methods(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    all: Vec<Method>,
    by_path: HashMap<String, usize>,
}

/// A method of a service.
#[derive(Debug, Clone)]
pub struct Method {
    /// Full name of its service, e.g. `zhirong.pledge.v1.PledgeService`.
    pub service: String,
    /// Its name, e.g. `ReportLoan`.
    pub name: String,
    /// Path of a request to it, e.g. `/zhirong.pledge.v1.PledgeService/ReportLoan`.
    pub path: String,
    /// Type of its requests.
    pub input: MessageDescriptor,
    /// Type of its answers.
    pub output: MessageDescriptor,
    /// Whether it takes a stream of requests.
    pub client_streaming: bool,
    /// Whether it answers a stream.
    pub server_streaming: bool,
    /// The comment that it has in the `.proto` file.
    pub doc: String,
    /// The comment of its service.
    pub service_doc: String,
}

impl Methods {
    /// Reads an encoded `FileDescriptorSet`; comments are kept where the set has source information.
    ///
    /// # Errors
    /// [`Error::Descriptors`] where it is malformed or refers to a type that it does not hold.
    pub fn new(descriptor_set: &[u8]) -> Result<Self, Error> {
        let pool = DescriptorPool::decode(descriptor_set)?;
        let all: Vec<Method> = pool
            .services()
            .flat_map(|service| service.methods().map(Method::of).collect::<Vec<_>>())
            .collect();
        let by_path = all
            .iter()
            .enumerate()
            .map(|(index, method)| (method.path.clone(), index))
            .collect();
        Ok(Self(Arc::new(Inner { all, by_path })))
    }

    /// Every method, in the order of the descriptors.
    #[must_use]
    pub fn all(&self) -> &[Method] {
        &self.0.all
    }

    /// The method with exactly this path.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Method> {
        self.0.by_path.get(path).and_then(|index| self.0.all.get(*index))
    }

    /// The method that is meant by `PledgeService/ReportLoan`, with or without the package and a leading `/`.
    ///
    /// # Errors
    /// [`Error::UnknownMethod`] with the names that are nearest.
    pub fn find(&self, name: &str) -> Result<&Method, Error> {
        let wanted = name.trim_start_matches('/');
        let is_it = |method: &&Method| {
            let path = method.path.trim_start_matches('/');
            path == wanted || path.rsplit('.').next() == Some(wanted)
        };
        self.all().iter().find(is_it).ok_or_else(|| self.unknown(name))
    }

    /// The refusal of a name that no method has.
    pub(crate) fn unknown(&self, name: &str) -> Error {
        Error::UnknownMethod {
            name: name.to_owned(),
            near: self.near(name.trim_start_matches('/')),
        }
    }

    /// The names of the methods that a wrong name may have meant, nearest first.
    fn near(&self, wanted: &str) -> Vec<String> {
        let short = |text: &str| text.rsplit('.').next().unwrap_or(text).to_ascii_lowercase();
        let (service, method) = split(&short(wanted));
        let mut ranked: Vec<(usize, &Method)> = self
            .all()
            .iter()
            .map(|known| {
                let (own_service, own_method) = split(&short(&known.path));
                let far = distance(&method, &own_method).saturating_mul(2);
                (far.saturating_add(distance(&service, &own_service)), known)
            })
            .collect();
        ranked.sort_by_key(|(far, _)| *far);
        let names = ranked.into_iter().take(NEAR_MAX);
        names
            .map(|(_, known)| known.path.trim_start_matches('/').to_owned())
            .collect()
    }
}

impl Method {
    fn of(method: MethodDescriptor) -> Self {
        let service = method.parent_service();
        let file = service.parent_file();
        let comment = |path| comment::of(file.file_descriptor_proto(), path);
        Self {
            service: service.full_name().to_owned(),
            name: method.name().to_owned(),
            path: format!("/{}/{}", service.full_name(), method.name()),
            input: method.input(),
            output: method.output(),
            client_streaming: method.is_client_streaming(),
            server_streaming: method.is_server_streaming(),
            doc: comment(method.path()),
            service_doc: comment(service.path()),
        }
    }

    /// Whether it changes nothing, as its name says: `Get`, `List`, `Stream`, `Download` and `Explain` only read.
    #[must_use]
    pub fn is_read(&self) -> bool {
        READS.iter().any(|prefix| self.name.starts_with(prefix))
    }
}

/// Service and method of `service/method`; a bare word is a method.
fn split(name: &str) -> (String, String) {
    let (service, method) = name.split_once('/').unwrap_or(("", name));
    (service.to_owned(), method.to_owned())
}

/// Edit distance of two names: letters to add, drop or change.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, c) in one.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index.saturating_add(1);
        let mut next = vec![left];
        for (other_c, above) in other.iter().zip(row.iter().skip(1)) {
            let changed = diagonal.saturating_add(usize::from(c != *other_c));
            left = changed.min(left.saturating_add(1)).min(above.saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_near_by_their_letters() {
        assert_eq!(distance("reportloan", "reportloan"), 0);
        assert_eq!(distance("reportlaon", "reportloan"), 2);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
