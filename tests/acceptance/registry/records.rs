//! The bureau's records but for decisions, and legal persons.

use api::registry::v1 as pb;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::records::{self, BANK, day, money};
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::{Lending, register_institution};
use zhirong_tests::{ids, run};

#[test]
fn an_institution_from_registration_to_withdrawal() {
    run(async {
        let number = ids::fresh();
        let first = records::institution(&ids::bank(number), BANK, &ids::legal_person(number));
        let changed = pb::Institution {
            name: "安阳测试银行新名".to_owned(),
            ..first.clone()
        };
        lifecycle!(
            shared().await.client("bureau"), registry, institution: first => changed,
            register_institution(RegisterInstitutionRequest), amend_institution(AmendInstitutionRequest),
            withdraw_institution(WithdrawInstitutionRequest), get_institution(GetInstitutionRequest),
            list_institutions(ListInstitutionsRequest).institutions
        );
    });
}

#[test]
fn an_enterprise_from_registration_to_withdrawal() {
    run(async {
        let first = records::enterprise(&ids::enterprise(ids::fresh()));
        let changed = pb::Enterprise {
            registered_to: day("2025-06-30"),
            ..first.clone()
        };
        lifecycle!(
            shared().await.client("bureau"), registry, enterprise: first => changed,
            register_enterprise(RegisterEnterpriseRequest), amend_enterprise(AmendEnterpriseRequest),
            withdraw_enterprise(WithdrawEnterpriseRequest), get_enterprise(GetEnterpriseRequest),
            list_enterprises(ListEnterprisesRequest).enterprises
        );
    });
}

#[test]
fn a_patent_from_registration_to_withdrawal() {
    run(async {
        let number = ids::fresh();
        let first = records::patent(&ids::invention(number), &ids::enterprise(number));
        let changed = pb::Patent {
            ended_on: day("2025-05-01"),
            end_reason: pb::EndReason::Lapsed.into(),
            ..first.clone()
        };
        lifecycle!(
            shared().await.client("bureau"), registry, patent: first => changed,
            register_patent(RegisterPatentRequest), amend_patent(AmendPatentRequest),
            withdraw_patent(WithdrawPatentRequest), get_patent(GetPatentRequest),
            list_patents(ListPatentsRequest).patents
        );
    });
}

#[test]
fn an_ownership_from_registration_to_withdrawal() {
    run(async {
        let number = ids::fresh();
        // A person's name is a segment of the resource name; a slash in it must survive.
        let first = records::patent_owner(&ids::invention(number), "张三/李四 100%");
        let changed = pb::PatentOwner {
            valid_to: day("2025-05-01"),
            ..first.clone()
        };
        lifecycle!(
            shared().await.client("bureau"), registry, patent_owner: first => changed,
            register_patent_owner(RegisterPatentOwnerRequest), amend_patent_owner(AmendPatentOwnerRequest),
            withdraw_patent_owner(WithdrawPatentOwnerRequest), get_patent_owner(GetPatentOwnerRequest),
            list_patent_owners(ListPatentOwnersRequest).patent_owners
        );
    });
}

#[test]
fn an_award_from_registration_to_withdrawal() {
    run(async {
        let first = records::award(&ids::invention(ids::fresh()));
        let changed = pb::Award {
            awarded_on: day("2021-04-26"),
            ..first.clone()
        };
        lifecycle!(
            shared().await.client("bureau"), registry, award: first => changed,
            register_award(RegisterAwardRequest), amend_award(AmendAwardRequest),
            withdraw_award(WithdrawAwardRequest), get_award(GetAwardRequest), list_awards(ListAwardsRequest).awards
        );
    });
}

#[test]
fn an_exclusion_from_registration_to_withdrawal() {
    run(async {
        let first = records::exclusion(&ids::enterprise(ids::fresh()));
        let changed = pb::Exclusion {
            reason: "行政处罚".to_owned(),
            ..first.clone()
        };
        lifecycle!(
            shared().await.client("bureau"), registry, exclusion: first => changed,
            register_exclusion(RegisterExclusionRequest), amend_exclusion(AmendExclusionRequest),
            withdraw_exclusion(WithdrawExclusionRequest), get_exclusion(GetExclusionRequest),
            list_exclusions(ListExclusionsRequest).exclusions
        );
    });
}

#[test]
fn other_money_from_registration_to_withdrawal() {
    run(async {
        let first = records::other_award(&ids::enterprise(ids::fresh()), "HT-7");
        let changed = pb::OtherAward {
            amount: money("30000.50"),
            ..first.clone()
        };
        lifecycle!(
            shared().await.client("bureau"), registry, other_award: first => changed,
            register_other_award(RegisterOtherAwardRequest), amend_other_award(AmendOtherAwardRequest),
            withdraw_other_award(WithdrawOtherAwardRequest), get_other_award(GetOtherAwardRequest),
            list_other_awards(ListOtherAwardsRequest).other_awards
        );
    });
}

#[test]
fn a_legal_person_is_listed_with_its_institutions_in_the_order_of_their_codes() {
    run(async {
        let sandbox = shared().await;
        let (one, other) = (ids::fresh(), ids::fresh());
        let legal_person = ids::legal_person(one);
        for number in [other, one] {
            let institution = records::institution(&ids::bank(number), BANK, &legal_person);
            register_institution(sandbox, institution).await;
        }
        let mut service = sandbox.client("auditor").registry();
        let request = pb::ListLegalPersonsRequest {
            page_size: 3,
            page_token: String::new(),
        };
        let all = list_all!(service, list_legal_persons, request, legal_persons);
        assert!(
            all.windows(2).all(|pair| pair[0].uscc < pair[1].uscc),
            "ascending and each once"
        );
        let found = all.into_iter().find(|found| found.uscc == legal_person).unwrap();
        let codes: Vec<String> = found
            .institutions
            .iter()
            .map(|stored| stored.state.as_ref().unwrap().name.clone())
            .collect();
        let expected: Vec<String> = [one, other]
            .iter()
            .map(|number| format!("institutions/{}", ids::bank(*number)))
            .collect();
        assert_eq!((found.name, codes), (format!("测试法人{legal_person}"), expected));
    });
}

#[test]
fn an_institution_reads_its_own_entry_and_no_other() {
    run(async {
        let sandbox = shared().await;
        let (own, other) = (Lending::new(sandbox).await, Lending::new(sandbox).await);
        let mut service = own.bank.registry();
        let request = pb::GetInstitutionRequest {
            name: format!("institutions/{}", own.code),
        };
        let read = service.get_institution(request).await.unwrap().into_inner();
        assert_eq!(
            read.institution.unwrap().institution.unwrap().institution_code,
            own.code
        );
        let request = pb::GetInstitutionRequest {
            name: format!("institutions/{}", other.code),
        };
        assert_refused(
            service.get_institution(request).await,
            tonic::Code::NotFound,
            "NOT_FOUND",
        );
    });
}

#[test]
fn a_page_is_never_negative_and_a_token_never_made_up() {
    run(async {
        let mut service = shared().await.client("bureau").registry();
        let request = pb::ListPatentsRequest {
            page_size: -1,
            ..Default::default()
        };
        assert_refused(
            service.list_patents(request).await,
            tonic::Code::InvalidArgument,
            "PAGE_SIZE_INVALID",
        );
        let request = pb::ListPatentsRequest {
            page_token: "zz".to_owned(),
            ..Default::default()
        };
        assert_refused(
            service.list_patents(request).await,
            tonic::Code::InvalidArgument,
            "PAGE_TOKEN_INVALID",
        );
    });
}

#[test]
fn a_page_holds_fifty_where_none_is_stated() {
    run(async {
        let sandbox = shared().await;
        let owner = ids::enterprise(ids::fresh());
        let lines: Vec<_> = (0..60)
            .map(|_| {
                let number = ids::invention(ids::fresh());
                let cells = [
                    ("patent_no", number.as_str()),
                    ("title", "样例"),
                    ("patentee_uscc", &owner),
                ];
                zhirong_tests::import::Line::new(exchange::File::Patents, &cells)
            })
            .collect();
        let imported = zhirong_tests::import::registry(&sandbox.client("bureau"), &lines).await;
        assert_eq!((imported.summary.rows, imported.summary.stored), (60, 60));
        let page = sandbox
            .client("bureau")
            .registry()
            .list_patents(pb::ListPatentsRequest::default())
            .await
            .unwrap();
        assert_eq!(page.into_inner().patents.len(), 50);
    });
}
