//! Where a Rust file can be made wrong, and how: places in its text with what could stand there instead.

use std::ops::Range;

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Lit, Member, RangeLimits, ReturnType, Stmt, Token, Type, UnOp};

/// How a wrong version is put into the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Another expression in the place of one.
    Instead,
    /// A function that returns at once; the place is that after the opening brace.
    Early,
    /// A statement that is left out.
    Skipped,
}

/// One way in which a place can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// What is changed, e.g. `< to <=`.
    pub(super) what: String,
    /// What stands there instead; nothing where a statement is left out.
    pub(super) text: String,
}

/// A place with its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    /// Bytes of the file.
    pub(super) range: Range<usize>,
    /// How a change is put there.
    pub(super) form: Form,
    /// Line, from 1.
    pub(super) line: usize,
    /// The function around it.
    pub(super) function: String,
    /// What it could be.
    pub(super) changes: Vec<Change>,
}

/// Every place of a file, outer ones before those inside them.
///
/// # Errors
/// A file that is not Rust.
pub(super) fn sites(text: &str) -> syn::Result<Vec<Site>> {
    let file = syn::parse_file(text)?;
    let mut finder = Finder::default();
    finder.visit_file(&file);
    let mut sites = finder.sites;
    sites.retain(|site| !site.changes.is_empty());
    sites.sort_by_key(|site| (site.range.start, std::cmp::Reverse(site.range.end)));
    // Two readings of one place would be told apart by nobody: the first stays, with the changes of all.
    let mut merged: Vec<Site> = Vec::new();
    for site in sites {
        match merged.last_mut() {
            Some(last) if last.range == site.range && last.form == site.form => {
                last.changes.extend(site.changes);
            }
            _ => merged.push(site),
        }
    }
    Ok(merged)
}

#[derive(Default)]
struct Finder {
    sites: Vec<Site>,
    functions: Vec<String>,
}

/// Methods that are easily taken for one another.
const SWAPS: [(&str, &str); 22] = [
    ("min", "max"),
    ("max", "min"),
    ("checked_add", "checked_sub"),
    ("checked_sub", "checked_add"),
    ("checked_mul", "checked_div"),
    ("plus", "minus"),
    ("minus", "plus"),
    ("minus_floored", "minus"),
    ("any", "all"),
    ("all", "any"),
    ("first", "last"),
    ("last", "first"),
    ("take_while", "filter"),
    ("is_some_and", "is_none_or"),
    ("is_none_or", "is_some_and"),
    ("is_some", "is_none"),
    ("is_none", "is_some"),
    ("is_ok", "is_err"),
    ("is_err", "is_ok"),
    ("and", "or"),
    ("pred_opt", "succ_opt"),
    ("succ_opt", "pred_opt"),
];

/// Names that stand for a way of rounding.
const ROUNDING: [(&str, &str); 4] = [
    ("HalfUp", "HalfEven"),
    ("HalfEven", "HalfUp"),
    ("MidpointAwayFromZero", "MidpointNearestEven"),
    ("MidpointNearestEven", "MidpointAwayFromZero"),
];

/// One line of tokens, without comments.
fn flat(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace('\n', " ")
}

fn change(what: impl Into<String>, text: impl Into<String>) -> Change {
    Change {
        what: what.into(),
        text: text.into(),
    }
}

/// Whether a condition binds a name, so that it cannot stand inside a block.
fn binds(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => binds(&binary.left) || binds(&binary.right),
        Expr::Paren(inner) => binds(&inner.expr),
        _ => false,
    }
}

/// The operators that one could have written instead.
fn other_operators(op: &BinOp) -> &'static [(&'static str, &'static str)] {
    match op {
        BinOp::Lt(_) => &[("<", "<="), ("<", ">=")],
        BinOp::Le(_) => &[("<=", "<"), ("<=", ">")],
        BinOp::Gt(_) => &[(">", ">="), (">", "<=")],
        BinOp::Ge(_) => &[(">=", ">"), (">=", "<")],
        BinOp::Eq(_) => &[("==", "!=")],
        BinOp::Ne(_) => &[("!=", "==")],
        BinOp::Add(_) => &[("+", "-")],
        BinOp::Sub(_) => &[("-", "+")],
        BinOp::Mul(_) => &[("*", "/")],
        BinOp::Div(_) => &[("/", "*")],
        BinOp::Rem(_) => &[("%", "/")],
        BinOp::And(_) => &[("&&", "||")],
        BinOp::Or(_) => &[("||", "&&")],
        BinOp::AddAssign(_) => &[("+=", "-=")],
        BinOp::SubAssign(_) => &[("-=", "+=")],
        BinOp::MulAssign(_) => &[("*=", "/=")],
        _ => &[],
    }
}

/// What a function could answer without looking at anything.
fn answers(output: &ReturnType) -> Vec<String> {
    let ReturnType::Type(_, answer) = output else {
        return vec!["return".to_owned()];
    };
    let Type::Path(path) = &**answer else {
        return Vec::new();
    };
    let name = path.path.segments.last().map(|segment| segment.ident.to_string());
    let values: &[&str] = match name.as_deref() {
        Some("Result") => &["Ok(Default::default())"],
        Some("Option") => &["None"],
        Some("bool") => &["true", "false"],
        _ => &["Default::default()"],
    };
    values.iter().map(|value| format!("return {value}")).collect()
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| flat(&attribute.meta).contains("test"))
}

impl Finder {
    fn add(&mut self, spanned: &impl Spanned, form: Form, changes: Vec<Change>) {
        let span = spanned.span();
        self.sites.push(Site {
            range: span.byte_range(),
            form,
            line: span.start().line,
            function: self.functions.last().cloned().unwrap_or_default(),
            changes,
        });
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        if signature.constness.is_some() {
            return;
        }
        self.functions.push(signature.ident.to_string());
        let open = block.brace_token.span.open();
        let at = open.byte_range().end;
        let changes = answers(&signature.output)
            .into_iter()
            .map(|answer| change(format!("body to {answer}"), answer));
        self.sites.push(Site {
            range: at..at,
            form: Form::Early,
            line: open.start().line,
            function: signature.ident.to_string(),
            changes: changes.collect(),
        });
        visit::visit_block(self, block);
        self.functions.pop();
    }

    fn number(&mut self, literal: &syn::LitInt) {
        let Ok(value) = literal.base10_parse::<u128>() else {
            return;
        };
        let suffix = literal.suffix();
        let mut changes = vec![change(
            format!("{value} to {}", value + 1),
            format!("{}{suffix}", value + 1),
        )];
        if value > 0 {
            changes.push(change(
                format!("{value} to {}", value - 1),
                format!("{}{suffix}", value - 1),
            ));
        }
        self.add(literal, Form::Instead, changes);
    }

    fn method(&mut self, call: &syn::ExprMethodCall) {
        let name = call.method.to_string();
        let mut changes = Vec::new();
        for (from, to) in SWAPS.iter().filter(|(from, _)| *from == name) {
            let mut other = call.clone();
            other.method = syn::Ident::new(to, call.method.span());
            changes.push(change(format!("{from} to {to}"), flat(&other)));
        }
        let asks = ["is_", "has_", "contains", "starts_with", "ends_with"];
        if changes.is_empty() && asks.iter().any(|start| name.starts_with(start)) {
            changes.push(change(
                format!("{name} to not {name}"),
                format!("!({})", flat(call)),
            ));
        }
        if matches!(name.as_str(), "rev" | "abs" | "skip" | "take" | "filter") {
            changes.push(change(format!("{name} left out"), flat(&call.receiver)));
        }
        self.add(call, Form::Instead, changes);
    }

    /// The ends of a range, which are not numbers written out: those change by themselves.
    fn end(&mut self, range: &syn::ExprRange) {
        let Some(end) = range.end.as_deref().filter(|end| !matches!(end, Expr::Lit(_))) else {
            return;
        };
        let changed = match range.limits {
            RangeLimits::HalfOpen(_) => change(".. to ..=", format!("({}) + 1", flat(end))),
            RangeLimits::Closed(_) => change("..= to ..", format!("({}) - 1", flat(end))),
        };
        self.add(end, Form::Instead, vec![changed]);
    }

    /// A guard or condition that always holds, or never.
    fn condition(&mut self, kind: &str, expr: &Expr) {
        if !binds(expr) {
            let constant = |value: &str| change(format!("{kind} to {value}"), value);
            self.add(expr, Form::Instead, vec![constant("true"), constant("false")]);
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !is_test(&function.attrs) {
            self.function(&function.sig, &function.block);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            self.function(&function.sig, &function.block);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if let Stmt::Expr(expr, Some(_)) = statement {
            let skipped = match expr {
                Expr::MethodCall(call) => Some(call.method.to_string()),
                Expr::Assign(_) => Some("assignment".to_owned()),
                Expr::Binary(_) => Some("sum".to_owned()),
                Expr::Call(call) => Some(flat(&call.func)),
                Expr::Try(tried) => match &*tried.expr {
                    Expr::MethodCall(call) => Some(call.method.to_string()),
                    Expr::Call(call) => Some(flat(&call.func)),
                    _ => None,
                },
                _ => None,
            };
            if let Some(what) = skipped {
                let left_out = change(format!("{what} left out"), "");
                self.add(statement, Form::Skipped, vec![left_out]);
            }
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            self.condition("guard", guard);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        self.condition("condition", &branch.cond);
        visit::visit_expr_if(self, branch);
    }

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_expr_range(&mut self, range: &'ast syn::ExprRange) {
        self.end(range);
        visit::visit_expr_range(self, range);
    }

    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let is_assignment = flat(&binary.op).ends_with('=')
            && !matches!(
                binary.op,
                BinOp::Le(_) | BinOp::Ge(_) | BinOp::Eq(_) | BinOp::Ne(_)
            );
        if !(binds(&binary.left) || binds(&binary.right)) {
            let (left, right) = (flat(&binary.left), flat(&binary.right));
            let wrong = |(from, to): &(&str, &str)| {
                let text = if is_assignment {
                    format!("{left} {to} {right}")
                } else {
                    format!("({left}) {to} ({right})")
                };
                change(format!("{from} to {to}"), text)
            };
            let changes = other_operators(&binary.op).iter().map(wrong).collect();
            self.add(binary, Form::Instead, changes);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let what = match unary.op {
            UnOp::Not(_) => Some("! left out"),
            UnOp::Neg(_) => Some("- left out"),
            _ => None,
        };
        let changes = what.map(|what| change(what, format!("({})", flat(&unary.expr))));
        self.add(unary, Form::Instead, changes.into_iter().collect());
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_lit(&mut self, literal: &'ast syn::ExprLit) {
        match &literal.lit {
            Lit::Int(number) => self.number(number),
            Lit::Bool(truth) => {
                let other = !truth.value;
                let wrong = change(format!("{} to {other}", truth.value), other.to_string());
                self.add(truth, Form::Instead, vec![wrong]);
            }
            _ => {}
        }
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let name = path.path.segments.last().map(|segment| segment.ident.to_string());
        for (from, to) in ROUNDING.iter().filter(|(from, _)| name.as_deref() == Some(*from)) {
            let text = flat(path).replace(from, to);
            self.add(path, Form::Instead, vec![change(format!("{from} to {to}"), text)]);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.method(call);
        self.visit_expr(&call.receiver);
        call.args.iter().for_each(|argument| self.visit_expr(argument));
    }

    fn visit_member(&mut self, _: &'ast Member) {}

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let named = |name: &str| call.path.is_ident(name);
        if ["vec", "format", "write"].into_iter().any(named)
            && let Ok(arguments) = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        {
            let first = usize::from(!named("vec"));
            arguments
                .iter()
                .skip(first)
                .for_each(|argument| self.visit_expr(argument));
        }
    }
}
