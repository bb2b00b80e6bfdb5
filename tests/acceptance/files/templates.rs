//! Empty files to fill in.

use api::files::v1::{FileFormat, GetTemplateRequest, NamedFile};
use exchange::File;
use tonic::Code;
use zhirong_tests::answer::assert_refused;
use zhirong_tests::run;
use zhirong_tests::sandbox::shared;
use zhirong_tests::scene::Lending;
use zhirong_tests::upload::{read, send};

async fn template(client: &client::Client, files: &[&str], format: FileFormat) -> Vec<NamedFile> {
    let request = GetTemplateRequest {
        files: files.iter().map(|file| (*file).to_owned()).collect(),
        format: format.into(),
    };
    client
        .files()
        .get_template(request)
        .await
        .unwrap()
        .into_inner()
        .files
}

#[test]
fn a_template_is_taken_as_it_is() {
    run(async {
        let scene = Lending::new(shared().await).await;
        let files = template(&scene.bank, &["loans", "loan_events"], FileFormat::Unspecified).await;
        let [book] = &files[..] else {
            panic!("one workbook")
        };
        assert_eq!(book.file_name, "template.xlsx");
        let sheets: Vec<File> = read(&book.content).iter().map(|grid| grid.file).collect();
        assert_eq!(sheets, [File::Loans, File::LoanEvents]);
        let uploaded = send(&scene.bank, &book.file_name, &book.content).await;
        assert_eq!((uploaded.counts(), uploaded.summary.files.len()), ((0, 0, 0), 2));
        for format in [FileFormat::Csv, FileFormat::CsvGb18030] {
            let tables = template(&scene.bank, &["loans"], format).await;
            let [table] = &tables[..] else { panic!("one table") };
            assert_eq!(
                table.content.starts_with(b"\xEF\xBB\xBF"),
                format == FileFormat::Csv
            );
            assert_eq!(
                send(&scene.bank, "loans.csv", &table.content).await.counts(),
                (0, 0, 0)
            );
        }
    });
}

#[test]
fn each_caller_gets_the_files_it_sends() {
    run(async {
        let sandbox = shared().await;
        let scene = Lending::new(sandbox).await;
        let own = template(&scene.bank, &[], FileFormat::Csv).await;
        assert_eq!((own.len(), own[0].file_name.as_str()), (6, "pledges.csv"));
        let all = template(&sandbox.client("bureau"), &[], FileFormat::Csv).await;
        assert_eq!(all.len(), File::ALL.len());
        let request = GetTemplateRequest {
            files: vec!["loans".to_owned(), "patents".to_owned(), "lones".to_owned()],
            format: FileFormat::Xlsx.into(),
        };
        let refused = scene.bank.files().get_template(request.clone()).await;
        let refused = assert_refused(refused, Code::InvalidArgument, "FILE_UNKNOWN");
        assert_eq!(
            refused.fields.keys().collect::<Vec<_>>(),
            ["files[1]", "files[2]"]
        );
        let request = GetTemplateRequest {
            format: 77,
            ..request
        };
        let refused = scene.bank.files().get_template(request).await;
        assert_refused(refused, Code::InvalidArgument, "FILE_FORMAT_UNKNOWN");
    });
}
