//! JSON over HTTP, gRPC-Web and the description of the interface, over real TLS in both versions of HTTP.

mod errors;
mod parity;
mod requests;
mod streams;
mod web;

use zhirong_tests::http::{Http, Version};
use zhirong_tests::sandbox::Sandbox;

const VERSIONS: [Version; 2] = [Version::Http1, Version::Http2];

const REPORT_LOAN: &str = "/zhirong.pledge.v1.PledgeService/ReportLoan";
const GET_LOAN: &str = "/zhirong.pledge.v1.PledgeService/GetLoan";
const LIST_LOANS: &str = "/zhirong.pledge.v1.PledgeService/ListLoans";
const IMPORT: &str = "/zhirong.pledge.v1.PledgeService/ImportPledgeFacts";

/// A client of one version with a certificate.
fn client(sandbox: &Sandbox, name: &str, version: Version) -> Http {
    Http::new(sandbox, name, version)
}
