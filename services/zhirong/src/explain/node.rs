//! A tree of sentences, each in Chinese and English.

use serde_json::{Value, json};

/// One thing said, and what it rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// In Chinese; also what is the same in both languages.
    pub zh: String,
    /// In English; empty where `zh` says it for both.
    pub en: String,
    /// What it rests on.
    pub children: Vec<Node>,
}

impl Node {
    /// A node without children.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
            children: Vec::new(),
        }
    }

    /// The node with what it rests on.
    #[must_use]
    pub fn with(mut self, children: impl IntoIterator<Item = Node>) -> Self {
        self.children.extend(children);
        self
    }

    /// The tree as indented text: Chinese, and English in the line below it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write("", "", &mut text);
        text
    }

    /// The tree as JSON.
    pub(super) fn json(&self) -> Value {
        let children: Vec<Value> = self.children.iter().map(Self::json).collect();
        json!({"zh": self.zh, "en": self.en, "children": children})
    }

    fn write(&self, first: &str, further: &str, text: &mut String) {
        text.push_str(&format!("{first}{}\n", self.zh));
        if !self.en.is_empty() {
            let bar = if self.children.is_empty() { "" } else { "│ " };
            let bar = if further.is_empty() && first.is_empty() {
                ""
            } else {
                bar
            };
            text.push_str(&format!("{further}{bar}{}\n", self.en));
        }
        let last = self.children.len().saturating_sub(1);
        for (place, child) in self.children.iter().enumerate() {
            let (branch, below) = if place == last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            child.write(&format!("{further}{branch}"), &format!("{further}{below}"), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_indented_and_says_everything_twice() {
        let leaf = Node::new("叶", "leaf");
        let tree = Node::new("根", "root").with([leaf.clone().with([Node::new("同", "")]), leaf]);
        assert_eq!(
            tree.text(),
            "根\nroot\n├─ 叶\n│  │ leaf\n│  └─ 同\n└─ 叶\n   leaf\n"
        );
    }
}
