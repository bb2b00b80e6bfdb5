fn main() {
    use policy::facts::*;
    use std::mem::size_of as s;
    println!(
        "fact {} loan {} event {} pledge {} inst {} row {}",
        s::<zhirong_exchange::Fact>(),
        s::<Loan>(),
        s::<LoanEvent>(),
        s::<Pledge>(),
        s::<Institution>(),
        s::<zhirong_exchange::Row>()
    );
    let mut files = std::collections::BTreeMap::new();
    for f in zhirong_exchange::File::ALL {
        if let Ok(b) = std::fs::read(format!("/tmp/exbench/{}", f.file_name())) {
            files.insert(*f, b);
        }
    }
    let t = std::time::Instant::now();
    let l = zhirong_exchange::load(&files, &zhirong_exchange::Allow::default());
    println!("load {:?} {:?}", t.elapsed(), l.stored);
    let t = std::time::Instant::now();
    let facts = l.history.into_facts();
    println!("facts {:?} {}", t.elapsed(), facts.loans.len());
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    for x in s.lines().filter(|x| x.starts_with("VmHWM")) {
        println!("{x}");
    }
}
