//! Reasons of the command line around the services.

/// Reason, Chinese, English.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    (
        "COMMAND_UNREADABLE",
        "命令行无法读取",
        "the command line cannot be read",
    ),
    ("METHOD_MISSING", "未写明方法", "no method is named"),
    (
        "OPTION_MALFORMED",
        "选项的值形式不对",
        "the value of an option has another form",
    ),
    (
        "ANSWER_WITHOUT_FILE",
        "应答中没有文件内容",
        "the answer holds no file",
    ),
    (
        "PARTNER_NEEDS_SANDBOX",
        "示例机构只用于试用环境",
        "example partners are for a sandbox only",
    ),
    (
        "YEAR_OUT_OF_RANGE",
        "年度不在试用记录的范围内",
        "the sandbox has no records for that year",
    ),
    ("BACKUP_FAILED", "备份未能完成", "the backup did not end well"),
    ("RESTORE_FAILED", "恢复未能完成", "the restore did not end well"),
    (
        "UNSAFE_PRODUCTION",
        "设置或数据库不能用于正式运行",
        "the settings or the database are not safe to serve in earnest",
    ),
    (
        "ACCEPT_REFUSED",
        "accept 中写了不能接受的项",
        "accept names something that cannot be accepted",
    ),
    (
        "POLICY_TWICE",
        "同一城市给出了两个政策文件",
        "two files have the rules of one city",
    ),
];
