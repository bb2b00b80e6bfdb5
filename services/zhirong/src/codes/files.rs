//! Reasons of uploads, column mappings, templates and statements.

/// Reason, Chinese, English.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    (
        "UPLOAD_ORDER",
        "上传的第一条消息须为文件声明",
        "the first message of an upload declares the file",
    ),
    ("UPLOAD_BUSY", "另有文件正在上传", "another upload is under way"),
    (
        "UPLOAD_STALLED",
        "上传中断",
        "the bytes of an upload stopped coming",
    ),
    (
        "UPLOAD_SIZE_DIFFERS",
        "收到的字节数与声明不符",
        "more or fewer bytes came than declared",
    ),
    (
        "UPLOAD_DIGEST_DIFFERS",
        "收到的内容与声明的摘要不符",
        "other bytes came than declared",
    ),
    (
        "UPLOAD_DIGEST_MALFORMED",
        "摘要应为 64 位十六进制",
        "the digest has 64 hexadecimal digits",
    ),
    (
        "CHUNK_TOO_LARGE",
        "一条消息的字节数过多",
        "a message of an upload has too many bytes",
    ),
    (
        "FILE_NAME_UNKNOWN",
        "文件名应以 .xlsx 或 .csv 结尾",
        "a file name ends in .xlsx or .csv",
    ),
    (
        "FILE_FORMAT_UNKNOWN",
        "不认识的文件格式",
        "the form of the file is unknown",
    ),
    ("STATEMENT_MONTH_AHEAD", "该月尚未开始", "the month has not begun"),
    (
        "MONTH_MALFORMED",
        "月份应写作 2026-03",
        "a month is written 2026-03",
    ),
    (
        "MAPPING_NAME",
        "列映射名称应为 1 至 64 个字符",
        "a mapping's name has 1 to 64 characters",
    ),
    (
        "MAPPING_TEXT",
        "列映射中的文字过长、过多或含控制字符",
        "a text of a mapping is too long, one too many or holds control characters",
    ),
    (
        "MAPPING_ENCODING",
        "列映射的编码不认识",
        "the encoding of a mapping is unknown",
    ),
    (
        "MAPPING_VALUE_TWICE",
        "列映射的取值重复",
        "a value of a mapping is translated twice",
    ),
    (
        "MAPPING_FILE_MALFORMED",
        "列映射文件无法读取",
        "the file of a mapping cannot be read",
    ),
    (
        "MAPPING_FILE_UNKNOWN",
        "列映射的文件不是规定的文件",
        "the file of a mapping is no exchange file",
    ),
    (
        "MAPPING_HEADER_ROW",
        "表头行应为 1 至 100",
        "the row of headers lies between 1 and 100",
    ),
    (
        "MAPPING_COLUMN_UNKNOWN",
        "列映射的列不存在",
        "a column of a mapping is unknown",
    ),
    (
        "MAPPING_COLUMN_TWICE",
        "列映射的列重复",
        "a column is mapped twice",
    ),
    (
        "MAPPING_HEADER_TWICE",
        "列映射的表头重复",
        "a header is mapped twice",
    ),
    (
        "MAPPING_COLUMN_MISSING",
        "列映射缺少必填列",
        "a mapping lacks a required column",
    ),
    (
        "MAPPING_UNIT_OF_NO_AMOUNT",
        "只有金额列有单位",
        "only an amount has a unit",
    ),
    (
        "MAPPING_DATE_FORM_OF_NO_DATE",
        "只有日期列有日期格式",
        "only a day has a form of days",
    ),
    (
        "MAPPING_HEADER_MISSING",
        "文件没有列映射的表头",
        "the file lacks a header of the mapping",
    ),
    (
        "MAPPING_SHEET_MISSING",
        "工作簿没有列映射的工作表",
        "the workbook lacks the sheet of the mapping",
    ),
];
