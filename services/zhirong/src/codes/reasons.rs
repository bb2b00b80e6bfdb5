//! Reasons of a refused call (`ErrorInfo.reason`) and of a command that stopped. A refusal code may be a reason too.

/// Reason, Chinese, English.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    (
        "CALLER_UNKNOWN",
        "证书未登记或已失效",
        "the certificate is not registered or no longer valid",
    ),
    (
        "ROLE_NOT_ALLOWED",
        "该角色无权调用",
        "the role may not make this call",
    ),
    ("REQUEST_ID_REQUIRED", "缺少请求号", "a request id is required"),
    (
        "REQUEST_ID_MALFORMED",
        "请求号必须是 UUID",
        "the request id must be a UUID",
    ),
    (
        "REQUEST_ID_REUSED",
        "请求号已用于内容不同的请求",
        "the request id was used for a request with other content",
    ),
    (
        "REQUEST_ID_DIFFERS",
        "内层请求号与外层不一致",
        "the inner request id is not the outer one",
    ),
    ("FIELDS_INVALID", "多个字段不正确", "several fields are wrong"),
    (
        "RECORD_REFUSED",
        "记录有多处不正确",
        "the record has several faults",
    ),
    (
        "ENTRIES_COUNT",
        "批量报送的条数不在范围内",
        "a batch has too many entries or none",
    ),
    (
        "ROWS_TOO_MANY",
        "一条导入消息的行数过多",
        "a message of an import has too many rows",
    ),
    (
        "IMPORT_ORDER",
        "导入的第一条消息须为表头",
        "the first message of an import is its header",
    ),
    ("NAME_MALFORMED", "资源名不正确", "the resource name is not valid"),
    ("NOT_FOUND", "没有此记录", "there is no such record"),
    (
        "ETAG_MISMATCH",
        "记录在读取后已被修改",
        "the record changed after it was read",
    ),
    (
        "PAGE_SIZE_INVALID",
        "每页条数不正确",
        "the page size is not valid",
    ),
    (
        "PAGE_TOKEN_INVALID",
        "翻页标记无效",
        "the page token is not valid",
    ),
    (
        "AMOUNT_OVERFLOW",
        "金额合计超出范围",
        "a sum left the range of amounts",
    ),
    (
        "CREDENTIAL_KEY_TAKEN",
        "该公钥已登记给其他主体",
        "the public key is registered for somebody else",
    ),
    (
        "CREDENTIAL_ROLE_NOT_YOURS",
        "不得登记该角色的公钥",
        "keys of this role are enrolled by somebody else",
    ),
    (
        "CREDENTIALS_TOO_MANY",
        "有效公钥过多",
        "the holder has too many live keys",
    ),
    (
        "CERTIFICATE_MALFORMED",
        "证书无法解析",
        "the certificate cannot be read",
    ),
    (
        "DIGEST_MALFORMED",
        "公钥摘要须为 64 位十六进制",
        "the digest has 64 hexadecimal digits",
    ),
    (
        "BATCH_ALREADY_OPEN",
        "该城市该年度已有在办批次",
        "a batch of this city and year is open",
    ),
    (
        "BATCH_CLOSED",
        "批次已放行或作废，不能更改",
        "the batch is released or cancelled and cannot change",
    ),
    (
        "BATCH_NOT_COMPUTED",
        "批次尚未计算",
        "the batch is not computed yet",
    ),
    (
        "BATCH_DIGEST_MISMATCH",
        "批次摘要与所给不一致",
        "the digest of the batch is another one",
    ),
    (
        "BATCH_FILE_ALTERED",
        "批次的数据在计算后被改动，不能拉取",
        "stored rows of the batch were altered since it was computed, it cannot be pulled",
    ),
    (
        "BATCH_TOO_LARGE",
        "批次文件过大，不能合为一个压缩包",
        "the files of the batch are too large for one archive",
    ),
    (
        "RESUME_TOKEN_INVALID",
        "续传标记无效",
        "the resume token is not valid",
    ),
    (
        "RESUME_DIFFERS",
        "续传标记与消息号不一致",
        "resume token and sequence name different messages",
    ),
    (
        "OFFSET_INVALID",
        "起始字节不在文件之内",
        "the offset is not inside the file",
    ),
    (
        "BATCH_NUMBERS_EXHAUSTED",
        "本年度批次号已用完",
        "no batch number is left for the year",
    ),
    (
        "TWO_PEOPLE_NEEDED",
        "经办、审批、放行（或决定与批准）须为不同的人",
        "maker, checker and releaser, or whoever orders and approves, are different people",
    ),
    (
        "SETTLED_MOVED",
        "计算后已结算余额发生变化",
        "the settled position moved since the batch was computed",
    ),
    (
        "READING_NOT_SUPPORTED",
        "不支持的解释口径",
        "the reading has no such value",
    ),
    (
        "CITY_UNKNOWN",
        "没有该城市的规则",
        "there are no rules for the city",
    ),
    (
        "YEAR_WITHOUT_RULEBOOK",
        "该年度没有适用的规则",
        "no rulebook covers the year",
    ),
    (
        "POLICY_MALFORMED",
        "政策文件无法读取",
        "the policy file cannot be read",
    ),
    (
        "POLICY_VALUE_WITHOUT_SOURCE",
        "政策取值未注明条款或出处",
        "a value of the policy has no article or no source",
    ),
    (
        "POLICY_VALUE_INVALID",
        "政策取值无效",
        "a value of the policy is not valid",
    ),
    (
        "POLICY_TIERS_BROKEN",
        "分档存在空隙或重叠",
        "tiers leave a gap or overlap",
    ),
    (
        "POLICY_VALIDITY_BROKEN",
        "版本期间有空隙、重叠或不以 1 月 1 日起",
        "revisions leave a gap, overlap or do not begin on 1 January",
    ),
    (
        "POLICY_READING_MISSING",
        "政策文件缺少解释口径",
        "a reading has no value in the policy file",
    ),
    (
        "CONFLICT",
        "与其他操作冲突，请重试",
        "conflict with another operation, try again",
    ),
    (
        "LOCK_TIMEOUT",
        "等待其他操作超时，请重试",
        "waited too long for another operation, try again",
    ),
    (
        "TEXT_NOT_PLAIN",
        "文字含控制字符、不可见字符，或过长",
        "a text holds a control or invisible character, or is too long",
    ),
    (
        "COMMIT_UNKNOWN",
        "提交结果未知，请用同一请求号重试",
        "the outcome is unknown, repeat with the same request id",
    ),
    ("DATABASE_UNAVAILABLE", "数据库暂不可用", "the database is away"),
    ("DATABASE_BUSY", "数据库繁忙", "the database is busy"),
    ("DATABASE_TIMEOUT", "数据库处理超时", "the database took too long"),
    (
        "INTERNAL",
        "内部错误，请凭追踪号联系运维",
        "internal error, quote the trace id",
    ),
    (
        "SET_MALFORMED",
        "--set 应形如 R1=LOW",
        "--set has the form R1=LOW",
    ),
    (
        "SERVER_UNKNOWN",
        "本机没有运行试用环境",
        "no sandbox runs on this machine",
    ),
    ("IDENTITY_MISSING", "缺少证书", "a certificate is missing"),
    ("IDENTITY_INVALID", "证书不可用", "a certificate cannot be used"),
    (
        "CONNECTION_UNUSABLE",
        "服务地址或证书不可用",
        "the address or certificate cannot be used",
    ),
    (
        "FOLDER_OF_STEPS",
        "目录只有分步目录",
        "the folder holds only steps",
    ),
    (
        "FOLDER_WITHOUT_FILES",
        "目录没有交换文件",
        "the folder holds no exchange file",
    ),
    ("FILES_REFUSED", "有文件整体拒收", "whole files are refused"),
    (
        "FILE_UNUSABLE",
        "文件或目录无法读写",
        "a file or folder cannot be read or written",
    ),
    (
        "OUT_IS_INPUT",
        "输出会覆盖所读的文件",
        "the output would write over the input",
    ),
    (
        "BATCH_FILES_MISSING",
        "缺少批次文件",
        "files of the batch are missing",
    ),
    (
        "BATCH_PULL_DIFFERS",
        "拉取的批次与其摘要不符",
        "what was pulled is not what its digests say",
    ),
    (
        "RELEASE_NEEDS_SANDBOX",
        "只有试用环境可由一条命令放行",
        "only a sandbox releases by one command",
    ),
    ("DATABASE_URL_REQUIRED", "未指明数据库", "no database is named"),
    ("CONFIG_INVALID", "配置不正确", "a setting is not valid"),
    (
        "MIGRATION_FAILED",
        "数据库结构升级失败",
        "the database's schema could not be brought up to date",
    ),
    (
        "EVENTS_COUNT",
        "随合同或保单报送的事件过多",
        "too many events come with the contract or policy",
    ),
    ("YEAR_INVALID", "年度不正确", "the year is not valid"),
    (
        "APPROVAL_REQUIRED",
        "更改解释口径须注明批准文号",
        "a reading other than the rulebook's needs the reference of its approval",
    ),
    ("ROLE_UNKNOWN", "没有这个名称的服务", "no service has that name"),
    (
        "BATCH_UNREADABLE",
        "批次文件无法读取",
        "a file of the batch cannot be read",
    ),
    ("BATCH_NOT_VERIFIED", "批次核验不符", "the batch does not verify"),
    (
        "SCHEMA_DIFFERS",
        "数据库结构与程序版本不符",
        "the database's schema is not this version's",
    ),
    (
        "DATABASE_TOO_OLD",
        "数据库版本过旧",
        "the database server is too old",
    ),
    (
        "DATABASE_VERSION",
        "已有数据由另一版本的 PostgreSQL 建立",
        "the data was made by another version of PostgreSQL",
    ),
    (
        "DATABASE_NOT_STARTED",
        "数据库没有启动",
        "the database did not start",
    ),
    (
        "POSTGRESQL_MISSING",
        "本机没有 PostgreSQL",
        "PostgreSQL is not installed",
    ),
    (
        "INITDB_FAILED",
        "数据库无法建立",
        "the database could not be made",
    ),
    (
        "PASSWORD_MISSING",
        "缺少内置数据库的密码文件",
        "the password file of the embedded database is missing",
    ),
    (
        "ACCOUNT_MISSING",
        "没有可运行数据库的用户",
        "there is no user to run the database as",
    ),
    (
        "DATA_IN_USE",
        "数据目录正被另一个进程使用",
        "the data folder is in use by another process",
    ),
    (
        "DATA_CLOSED",
        "数据库用户不能进入数据目录",
        "the database's user cannot enter the data folder",
    ),
    (
        "DESCRIPTORS_INVALID",
        "接口描述无效",
        "the interface description is not valid",
    ),
    (
        "FACT_MALFORMED",
        "--fact 的形式不正确",
        "--fact does not have its form",
    ),
    ("LINE_UNKNOWN", "批次没有这一行", "the batch has no such line"),
    (
        "BATCH_FILE_UNUSABLE",
        "批次的文件无法使用",
        "a file of the batch cannot be used",
    ),
    (
        "SIGNING_KEY_INVALID",
        "签名密钥无法使用",
        "the signing key cannot be used",
    ),
    ("SIGNING_FAILED", "签名失败", "signing failed"),
    (
        "KEY_UNREADABLE",
        "公钥文件无法读取",
        "the public key file cannot be read",
    ),
];
