//! Reasons of the steps of a batch and of what is decided beside them: notices, objections, freezes, budgets, recoveries, calendar.

/// Reason, Chinese, English.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    (
        "BATCH_WRONG_STATE",
        "批次不在此操作所需的状态",
        "the batch is not in the state that the step needs",
    ),
    (
        "BATCH_NOT_NOTICED",
        "有明细未经公示",
        "a line was never on notice with its amount",
    ),
    (
        "BATCH_NOTICE_RUNNING",
        "有明细公示期未满",
        "the notice of a line is not over",
    ),
    (
        "BATCH_OBJECTION_OPEN",
        "有明细存在待处理或成立的异议",
        "an objection against a line is open or upheld",
    ),
    (
        "BATCH_FROZEN",
        "有明细的条款或机构处于冻结期",
        "the clause or institution of a line is frozen",
    ),
    (
        "BATCH_OVER_BUDGET",
        "超出项目预算余额",
        "more than is left of a programme's budget",
    ),
    (
        "OBJECTION_CLOSED",
        "该异议已办结",
        "the objection is decided or withdrawn",
    ),
    ("FREEZE_LIFTED", "该冻结已解除", "the freeze is lifted already"),
    (
        "FREEZE_SUBJECT_UNKNOWN",
        "冻结对象须为条款或已登记的机构",
        "what is frozen is a clause or a registered institution",
    ),
    (
        "BUDGET_MEASURE_TAKEN",
        "该政策措施已属于同年度另一项目",
        "a measure belongs to another programme of the year",
    ),
    (
        "BUDGET_BELOW_COMMITTED",
        "预算不能低于已占用的金额",
        "a budget cannot be below what is committed of it",
    ),
    (
        "RECOVERY_ORDER_APPROVED",
        "该追回决定已批准",
        "the order of recovery is approved already",
    ),
    (
        "NUMBERS_EXHAUSTED",
        "本年度编号已用完",
        "no number is left for the year",
    ),
    (
        "DECISION_INVALID",
        "处理结果须为成立或不成立",
        "the decision is upheld or rejected",
    ),
    (
        "MEASURES_INVALID",
        "须列明政策措施，各列一次",
        "the measures are required, each once",
    ),
    ("DAYS_INVALID", "日期不正确", "the days are not valid"),
];
