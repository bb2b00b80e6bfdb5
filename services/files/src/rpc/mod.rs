//! The calls of the services: who may make them, then one function a call.

mod mappings;
mod statements;
mod templates;

use std::pin::Pin;

use api::files::v1 as pb;
use api::files::v1::file_service_server::FileService;
use api::files::v1::statement_service_server::StatementService;
use ledger::caller::READERS;
use ledger::{Caller, Role};
use policy::ident::InstitutionCode;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::Files;
use crate::error::Error;

type Answer<T> = Result<Response<T>, Status>;

/// A stream of answers.
pub(crate) type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Who sends files.
const REPORTERS: &[Role] = &[Role::Institution, Role::Bureau];

/// An institution that asks about itself.
fn own<T>(request: &Request<T>, rpc: &'static str) -> Result<(Caller, InstitutionCode), Error> {
    let caller = Caller::admitted(request, &[Role::Institution], rpc)?;
    let institution = caller.institution().ok_or(ledger::Error::CallerUnknown)?;
    Ok((caller, institution))
}

/// The institution that an office asks about.
fn institution_of(code: &str) -> Result<InstitutionCode, Error> {
    InstitutionCode::from_canonical(code.trim()).map_err(|error| {
        let zh = "机构代码格式不正确";
        Error::invalid(
            "institution_code",
            "INSTITUTION_CODE_MALFORMED",
            zh,
            error.to_string(),
        )
    })
}

/// The form asked for; a workbook where none is.
fn format_of(format: i32) -> Result<pb::FileFormat, Error> {
    let (zh, en) = ("不认识的文件格式", "the form of the file is unknown");
    pb::FileFormat::try_from(format).map_err(|_| Error::invalid("format", "FILE_FORMAT_UNKNOWN", zh, en))
}

/// The ending of a file's name.
const fn ending_of(format: pb::FileFormat) -> &'static str {
    match format {
        pb::FileFormat::Xlsx | pb::FileFormat::Unspecified => "xlsx",
        pb::FileFormat::Csv | pb::FileFormat::CsvGb18030 => "csv",
    }
}

#[tonic::async_trait]
impl FileService for Files {
    type UploadFileStream = Messages<pb::UploadFileResponse>;
    type DownloadStatementStream = Messages<pb::DownloadStatementResponse>;

    async fn get_template(
        &self,
        request: Request<pb::GetTemplateRequest>,
    ) -> Answer<pb::GetTemplateResponse> {
        let caller = Caller::admitted(&request, REPORTERS, "GetTemplate")?;
        Ok(Response::new(
            templates::answer(&caller, request.get_ref()).await?,
        ))
    }

    async fn set_column_mapping(
        &self,
        request: Request<pb::SetColumnMappingRequest>,
    ) -> Answer<pb::SetColumnMappingResponse> {
        let caller = Caller::admitted(&request, REPORTERS, "SetColumnMapping")?;
        Ok(Response::new(self.set_mapping(&caller, request.get_ref()).await?))
    }

    async fn withdraw_column_mapping(
        &self,
        request: Request<pb::WithdrawColumnMappingRequest>,
    ) -> Answer<pb::WithdrawColumnMappingResponse> {
        let caller = Caller::admitted(&request, REPORTERS, "WithdrawColumnMapping")?;
        Ok(Response::new(
            self.withdraw_mapping(&caller, request.get_ref()).await?,
        ))
    }

    async fn get_column_mapping(
        &self,
        request: Request<pb::GetColumnMappingRequest>,
    ) -> Answer<pb::GetColumnMappingResponse> {
        let caller = Caller::admitted(&request, REPORTERS, "GetColumnMapping")?;
        Ok(Response::new(self.get_mapping(&caller, request.get_ref()).await?))
    }

    async fn list_column_mappings(
        &self,
        request: Request<pb::ListColumnMappingsRequest>,
    ) -> Answer<pb::ListColumnMappingsResponse> {
        let caller = Caller::admitted(&request, REPORTERS, "ListColumnMappings")?;
        Ok(Response::new(
            self.list_mappings(&caller, request.get_ref()).await?,
        ))
    }

    async fn upload_file(
        &self,
        request: Request<Streaming<pb::UploadFileRequest>>,
    ) -> Answer<Self::UploadFileStream> {
        let caller = Caller::admitted(&request, REPORTERS, "UploadFile")?;
        Ok(Response::new(self.upload(caller, request.into_inner())))
    }

    async fn get_statement(
        &self,
        request: Request<pb::GetStatementRequest>,
    ) -> Answer<pb::GetStatementResponse> {
        let (caller, institution) = own(&request, "GetStatement")?;
        let asked = request.get_ref();
        let page = (asked.month.as_str(), asked.page_size, asked.page_token.as_str());
        let page = self.statement_page(&caller, &institution, page).await?;
        Ok(Response::new(pb::GetStatementResponse {
            statement: Some(page.statement),
            entries: page.entries,
            next_page_token: page.next_page_token,
        }))
    }

    async fn download_statement(
        &self,
        request: Request<pb::DownloadStatementRequest>,
    ) -> Answer<Self::DownloadStatementStream> {
        let (caller, institution) = own(&request, "DownloadStatement")?;
        let asked = request.get_ref();
        let file = self
            .statement_file(&caller, &institution, (&asked.month, asked.format))
            .await?;
        Ok(Response::new(statements::messages(file, |file_name, chunk| {
            pb::DownloadStatementResponse { file_name, chunk }
        })))
    }
}

#[tonic::async_trait]
impl StatementService for Files {
    type DownloadInstitutionStatementStream = Messages<pb::DownloadInstitutionStatementResponse>;

    async fn get_institution_statement(
        &self,
        request: Request<pb::GetInstitutionStatementRequest>,
    ) -> Answer<pb::GetInstitutionStatementResponse> {
        let caller = Caller::admitted(&request, READERS, "GetInstitutionStatement")?;
        let asked = request.get_ref();
        let institution = institution_of(&asked.institution_code)?;
        let page = (asked.month.as_str(), asked.page_size, asked.page_token.as_str());
        let page = self.statement_page(&caller, &institution, page).await?;
        Ok(Response::new(pb::GetInstitutionStatementResponse {
            statement: Some(page.statement),
            entries: page.entries,
            next_page_token: page.next_page_token,
        }))
    }

    async fn download_institution_statement(
        &self,
        request: Request<pb::DownloadInstitutionStatementRequest>,
    ) -> Answer<Self::DownloadInstitutionStatementStream> {
        let caller = Caller::admitted(&request, READERS, "DownloadInstitutionStatement")?;
        let asked = request.get_ref();
        let institution = institution_of(&asked.institution_code)?;
        let file = self
            .statement_file(&caller, &institution, (&asked.month, asked.format))
            .await?;
        Ok(Response::new(statements::messages(file, |file_name, chunk| {
            pb::DownloadInstitutionStatementResponse { file_name, chunk }
        })))
    }
}
