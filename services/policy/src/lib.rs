//! The money rules of a city's patent-finance support: pure, exact, explained.
//!
//! Nothing here reads a clock, a file or a network, and no amount ever passes through a float.
//! Facts and a dated rulebook go in; lines, findings and the explanation of every yuan come out.
//! The rules follow 安政〔2018〕9号 (八) as laid down in the exchange contract, section 3.

pub mod allocation;
pub mod codes;
pub mod conditions;
pub mod date;
pub mod engine;
pub mod explanation;
pub mod facts;
pub mod ident;
pub mod money;
pub mod reading;
pub mod rulebook;
