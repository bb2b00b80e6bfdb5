//! Every call, every field that names something, every role: what one institution, or one city, may learn of another.
//!
//! The cases come from the descriptors alone: a method that is added is in them with its step of the scene, and a field that is
//! added is refused by `tests/tidy` until it is said whether it names a thing. The scene's records are the foreign world. Who asks for
//! them is an institution that has none, or an office of another city; each asks once for what is there and once for the same under a
//! number that nobody has, and must be answered alike.

mod case;
mod doubles;
mod field;
mod forged;
mod timing;
mod unwritten;
mod world;

use futures_util::{StreamExt, stream};

use crate::faults::interface::Interface;
use crate::figure::{Asked, Figure, Size, count, show};
use crate::run;
use case::Finding;
use timing::Timing;
use world::World;

pub use field::unclassified;

/// Calls under way at once.
const IN_FLIGHT: usize = 16;

/// Methods that the tests' own small run takes.
const FEW: usize = 10;

/// What a run of cases found.
#[derive(Debug, Default)]
struct Found {
    cases: u64,
    leaks: Vec<String>,
    told: Vec<String>,
    allowed: Vec<String>,
    own_refused: Vec<String>,
    timing: Timing,
}

impl Found {
    fn take(&mut self, finding: Finding) {
        self.cases += finding.cases;
        self.leaks.extend(finding.leaks);
        self.told.extend(finding.told);
        self.allowed.extend(finding.allowed);
        self.own_refused.extend(finding.own_refused);
        self.timing.extend(finding.timing);
    }
}

/// The figures of this group.
pub fn figures(asked: Asked) -> Vec<Figure> {
    run(measure(asked))
}

async fn measure(asked: Asked) -> Vec<Figure> {
    let (dir, sandbox) = world::two_cities().await;
    let interface = Interface::played(&sandbox).await;
    let methods = methods(&interface, asked);
    let calls = methods.iter().map(|index| &interface.good[*index]);
    let fresh = case::callers(calls).map(|callers| callers + doubles::CALLERS);
    let world = World::new(&sandbox, interface, asked.size, fresh).await;
    let mut found = all(&world, &methods).await;
    found.take(doubles::doubles(&world).await);
    for (what, wrong) in [
        ("leak", &found.leaks),
        ("told", &found.told),
        ("allowed", &found.allowed),
        ("own refused", &found.own_refused),
    ] {
        show(what, wrong);
    }
    let methods_count = count(world.interface.methods.all().len());
    let mut figures = vec![
        Figure::judged(
            "tenants: cases",
            found.cases,
            "all that the descriptors give",
            found.cases > 0,
        ),
        Figure::none(
            "methods missing from the matrix",
            methods_count - count(world.interface.good.len()),
        ),
        Figure::none("fields that nobody classified", unclassified().len()),
        Figure::none("own records refused to their owner", found.own_refused.len()),
        Figure::none("cross-tenant leaks", found.leaks.len()),
        Figure::none("existence told by a key", found.told.len()),
        Figure::none("wrong role allowed", found.allowed.len()),
    ];
    figures.extend(found.timing.figure());
    figures.extend(twins(&world).await);
    world.closed().await;
    sandbox.stop().await;
    drop(dir);
    figures
}

/// The methods whose cases are tried, by their places in the scene: all, or a few by chance.
fn methods(interface: &Interface, asked: Asked) -> Vec<usize> {
    let mut methods: Vec<usize> = (0..interface.good.len()).collect();
    if asked.size == Size::Test {
        fastrand::Rng::with_seed(asked.seed).shuffle(&mut methods);
        methods.truncate(FEW);
        methods.sort_unstable();
    }
    methods
}

/// The cases of some methods: first whatever is refused or only read, then what is stored, so that nothing becomes a caller's own
/// before others ask for it.
async fn all(world: &World<'_>, methods: &[usize]) -> Found {
    let mut found = Found::default();
    let good = |index: &usize| &world.interface.good[*index];
    let refused = methods.iter().map(|index| case::wrong_roles(world, good(index)));
    take_all(refused, &mut found).await;
    let read = methods.iter().map(|index| case::own(world, good(index)));
    take_all(read, &mut found).await;
    let reads = methods.iter().filter(|index| good(index).method.is_read());
    take_all(reads.map(|index| case::foreign(world, good(index))), &mut found).await;
    let forged = methods.iter().map(|index| forged::forged(world, good(index)));
    take_all(forged, &mut found).await;
    // One after the other: the other city has nothing of its own before each call, and is one.
    for index in methods.iter().filter(|index| !good(index).method.is_read()) {
        found.take(case::foreign(world, good(index)).await);
    }
    found
}

async fn take_all(cases: impl Iterator<Item = impl Future<Output = Finding>>, found: &mut Found) {
    let mut answers = stream::iter(cases).buffer_unordered(IN_FLIGHT);
    while let Some(finding) = answers.next().await {
        found.take(finding);
    }
}

/// The same checks over a database that is broken on purpose.
async fn twins(world: &World<'_>) -> Vec<Figure> {
    // A key of the other bank is registered for the bank whose records are asked for.
    world.lend_the_key_to_the_foreign_bank().await;
    let mut found = Found::default();
    for call in &world.interface.good {
        if call.method.is_read() && call.method.service.contains("Pledge") {
            found.take(case::foreign(world, call).await);
        }
    }
    let leaks = count(found.leaks.len() + found.told.len());
    world.make_the_auditor_a_bureau().await;
    let mut allowed = 0;
    for call in &world.interface.good {
        allowed += count(
            case::wrong_roles_of(world, call, &world.auditor())
                .await
                .allowed
                .len(),
        );
    }
    vec![
        Figure::red_twin("cross-tenant leaks", leaks),
        Figure::red_twin("wrong role allowed", allowed),
    ]
}
