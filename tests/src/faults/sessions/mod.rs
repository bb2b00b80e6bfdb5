//! People: sign-in, sessions, and tokens that somebody else holds.
//!
//! Each form is a way to make a call with what was stolen, forged or used up. Beside each kind of session the honest call is made too,
//! since a server that refuses everybody would pass. The red twin takes a session from any certificate and with any key. Sessions that
//! end while a write is under way are tried apart (`ending`).

mod ending;
mod forms;
mod roles;
mod tokens;
mod twin;

use crate::figure::{Asked, Figure, count, show};
use crate::people::Provider;
use crate::sandbox::Sandbox;

use forms::Tried;

/// Fewest forms that must be tried.
const FORMS: u64 = 30;

/// The figures of this group.
pub fn figures(asked: Asked) -> Vec<Figure> {
    crate::run(async {
        let sandbox = Sandbox::start().await;
        let mut tried = forms::all(&sandbox, asked).await;
        let allowed = roles::check(&sandbox).await;
        sandbox.stop().await;
        let provider = Provider::start().await;
        let sandbox = Sandbox::signing_in_by(tokens::settings(&provider)).await;
        tried.extend(tokens::all(&sandbox, &provider, asked).await);
        sandbox.stop().await;
        let mut figures = judged(&tried);
        figures.extend(allowed);
        figures.push(Figure::red_twin(
            "stolen or forged accepted",
            twin::accepted().await,
        ));
        figures.extend(ending::figures(asked).await);
        figures
    })
}

fn judged(tried: &[Tried]) -> Vec<Figure> {
    let named = |wanted: bool| -> Vec<String> {
        let wrong = tried
            .iter()
            .filter(|it| it.is_honest == wanted && it.is_accepted != wanted);
        wrong.map(|it| it.name.clone()).collect()
    };
    let (accepted, refused) = (named(false), named(true));
    show("accepted", &accepted);
    show("refused", &refused);
    let stolen = tried.iter().filter(|it| !it.is_honest);
    let kinds: std::collections::BTreeSet<&str> = stolen.clone().map(Tried::kind).collect();
    vec![
        Figure::none("stolen or forged accepted", count(accepted.len())),
        Figure::at_least("stolen or forged forms", count(kinds.len()), FORMS),
        Figure::at_least("stolen or forged tried", count(stolen.count()), FORMS),
        Figure::none("honest calls refused", count(refused.len())),
    ]
}
