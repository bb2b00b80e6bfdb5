//! Reasons of payment and recovery.

/// Reason, Chinese, English.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    (
        "SEALING_FAILED",
        "加密封存失败或不成立",
        "sealing failed, or a sealed value does not open",
    ),
    (
        "PAYEE_KEY_MISSING",
        "未配置收款账户密钥",
        "the keys for payee accounts are not set",
    ),
    (
        "PAYEE_ACCOUNT_CONFLICT",
        "账户的该修订已有不同内容",
        "this revision of the account is there with other content",
    ),
    (
        "PAYEE_ACCOUNT_MISSING",
        "没有在业务日有效的收款账户",
        "no payee account holds on the business date",
    ),
    (
        "PAYEE_NAME_DIFFERS",
        "户名与受益人名称不符",
        "the account's name is not the beneficiary's",
    ),
    (
        "PAYEE_BRANCH_UNCLEAR",
        "无法确定法人的市级分行账户",
        "the legal person's city-level branch is not clear",
    ),
    (
        "ACCOUNT_NO_MALFORMED",
        "账号不正确",
        "the account number is not valid",
    ),
    (
        "ACCOUNT_TAIL_MALFORMED",
        "账号尾号不正确",
        "the last digits of the account are not valid",
    ),
    ("BATCH_NOT_RELEASED", "批次未放行", "the batch is not released"),
    (
        "BUDGET_UNIT_MISSING",
        "未设置预算单位代码",
        "the codes of the budget unit are not set",
    ),
    (
        "VOUCHERS_NONE",
        "没有可导出的凭证",
        "there is no voucher to export",
    ),
    (
        "CHARACTER_NOT_IN_GBK",
        "含 GBK 以外的字符",
        "a character is not in GBK",
    ),
    (
        "PAYMENT_NOT_RETURNED",
        "不是被动退回的支付",
        "the payment was not returned by the bank",
    ),
    (
        "REPAY_YEAR_CLOSED",
        "预算年度已结束，须另行安排预算",
        "the budget year is closed: a new budget is needed",
    ),
    (
        "PAYMENT_MOVED",
        "支付已被他人变更",
        "the payment was moved meanwhile",
    ),
    ("RECOVERY_CLOSED", "追回已结清", "the recovery is closed"),
    (
        "REPAYMENT_ABOVE_REST",
        "还款超过余额",
        "the repayment is above what is left",
    ),
    (
        "INSTALMENTS_SUM",
        "分期合计与余额不符",
        "the instalments do not sum to what is left",
    ),
    (
        "BANK_SERIAL_TAKEN",
        "银行流水号已用于另一笔",
        "the bank serial stands for another transfer",
    ),
    (
        "VOUCHER_UNKNOWN",
        "没有这个凭证",
        "there is no such exported voucher",
    ),
    (
        "RESULT_AMOUNT_DIFFERS",
        "结果金额与凭证不符",
        "the result's amount is not the voucher's",
    ),
    (
        "RESULT_CONFLICT",
        "凭证已有不同的同类结果",
        "the voucher has another result of that kind",
    ),
    (
        "RESULT_OUT_OF_ORDER",
        "当前状态不接受这种结果",
        "the payment's state does not allow this result",
    ),
    (
        "STATEMENT_CONFLICT",
        "流水号已有不同内容",
        "the serial number is there with other content",
    ),
    (
        "ROWS_TWICE",
        "表格与逐条消息只能给一种",
        "a table or messages, not both",
    ),
];
