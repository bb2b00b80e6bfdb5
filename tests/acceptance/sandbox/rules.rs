//! The sandbox's second revision, rules from a file, and the business date.

use platform::database::embedded::temporary_dir;
use policy::rulebook::ANYANG_2018_9;
use zhirong_tests::command::{run, run_at};

use super::{City, line};

#[test]
fn an_invented_revision_settles_the_years_from_2027_on_and_replays() {
    zhirong_tests::run(async {
        let city = City::start();
        for kind in ["bank", "insurer"] {
            for year in ["2026", "2027"] {
                city.json(&["partner", kind, "--year", year]).await;
            }
        }
        let shipped = city.settle("2026").await;
        let invented = city.settle("2027").await;
        let amounts =
            |lines: Vec<[String; 6]>| lines.into_iter().map(|line| line[5].clone()).collect::<Vec<_>>();
        assert_eq!(
            amounts(city.lines(&shipped).await),
            ["45000.00", "100000.00", "5000.00", "4000.00"]
        );
        let lines = city.lines(&invented).await;
        assert_eq!(
            lines[0],
            line([
                "bank_incentive",
                "91410500MA3X09007K",
                "",
                "36000.00",
                "0.00",
                "36000.00"
            ])
        );
        assert_eq!(amounts(lines), ["36000.00", "90000.00", "5000.00", "3500.00"]);
        // Both are computed again from what they carry, here and elsewhere.
        let replayed = city.json(&["replay", "--all"]).await;
        assert!(
            replayed
                .as_array()
                .unwrap()
                .iter()
                .all(|batch| batch["result"] == "same"),
            "{replayed}"
        );
        let dir = temporary_dir("zhirong-rules").unwrap();
        let out = dir.join("batch");
        let export = ["export", "410500-2027-001", "--out", out.to_str().unwrap()];
        run_at(&city.served, &export).await.ended(0);
        let verified = run(&["verify", out.to_str().unwrap(), "--output", "json"])
            .await
            .ended(0)
            .json();
        assert_eq!(verified["verified"], true);
        let policy = std::fs::read_to_string(out.join("policy.toml")).unwrap();
        assert!(policy.contains("编造，仅供试用") && policy.contains("sandbox-invented/2"));
        std::fs::remove_dir_all(dir).unwrap();
        city.stop();
    });
}

#[test]
fn the_business_date_is_shown_and_moves_forward_only() {
    zhirong_tests::run(async {
        let city = City::start();
        let today = city.json(&["sandbox", "date"]).await["business_date"].clone();
        assert_eq!(
            city.json(&["sandbox", "date"]).await["business_date"],
            today,
            "showing moves nothing"
        );
        let moved = run_at(&city.served, &["sandbox", "date", "2031-05-06"])
            .await
            .ended(0);
        assert_eq!(moved.out, "2031-05-06\n");
        let back = run_at(&city.served, &["sandbox", "date", "2030-01-01"])
            .await
            .ended(0);
        assert_eq!(back.out, "2031-05-06\n");
        let wrong = run_at(&city.served, &["sandbox", "date", "2031-02-30"])
            .await
            .ended(2);
        assert!(wrong.err.contains("DATE_MALFORMED"), "{}", wrong.err);
        city.stop();
    });
}

#[test]
fn a_city_has_one_file_of_rules() {
    zhirong_tests::run(async {
        let dir = temporary_dir("zhirong-rules").unwrap();
        let (one, other) = (dir.join("one.toml"), dir.join("other.toml"));
        std::fs::write(&one, ANYANG_2018_9).unwrap();
        std::fs::write(&other, ANYANG_2018_9).unwrap();
        let data = dir.join("data");
        let serve = [
            "serve",
            "--data",
            data.to_str().unwrap(),
            "--policy",
            one.to_str().unwrap(),
        ];
        let twice = [&serve[..], &["--policy", other.to_str().unwrap()]].concat();
        let twice = run(&twice).await.ended(2);
        assert!(twice.err.contains("POLICY_TWICE"), "{}", twice.err);
        std::fs::write(&one, "[document]\n").unwrap();
        let malformed = run(&serve).await.ended(2);
        assert!(
            malformed.out.is_empty() && !data.exists(),
            "nothing was started: {}",
            malformed.err
        );
        std::fs::remove_dir_all(dir).unwrap();
    });
}
