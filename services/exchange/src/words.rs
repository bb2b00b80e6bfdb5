//! The words of closed lists in Chinese: short enough for a drop-down list, and read wherever the English word is.

use crate::file::Kind;

/// English word, Chinese word. Within one list no Chinese word stands twice.
const WORDS: &[(&str, &str)] = &[
    ("bank", "银行"),
    ("trust", "信托公司"),
    ("finance_company", "财务公司"),
    ("consumer_finance", "消费金融公司"),
    ("financial_leasing", "金融租赁公司"),
    ("insurer", "保险公司"),
    ("guarantor", "担保公司"),
    ("microlender", "小额贷款公司"),
    ("leasing", "融资租赁公司"),
    ("other", "其他"),
    ("lapsed", "未缴年费终止"),
    ("invalidated", "宣告无效"),
    ("expired", "期限届满"),
    ("surrendered", "书面放弃"),
    ("owner", "权利人"),
    ("licensee", "被许可人"),
    ("national", "国家级"),
    ("provincial", "省级"),
    ("municipal", "市级"),
    ("county", "县级"),
    ("zone", "开发区"),
    ("accept", "接受"),
    ("reject", "驳回"),
    ("watch", "关注"),
    ("exclude", "取消资格"),
    ("patent", "专利权质押"),
    ("mixed", "组合担保"),
    ("trademark", "商标"),
    ("layout_design", "集成电路布图设计"),
    ("data", "数据知识产权"),
    ("draw", "放款"),
    ("repayment", "还款"),
    ("reversal", "冲正"),
    ("extension", "展期"),
    ("rollover", "续贷"),
    ("enforcement", "专利执行保险"),
    ("infringement_liability", "侵犯专利权责任保险"),
    ("infringement_loss", "专利被侵权损失保险"),
    ("loan_guarantee", "贷款保证保险"),
    ("payment", "缴费"),
    ("refund", "退费"),
    ("loan_subsidy", "贷款补助"),
    ("premium_subsidy", "保费补贴"),
];

/// The Chinese word; the English one where there is none, which a test rules out.
#[must_use]
pub fn zh(word: &'static str) -> &'static str {
    WORDS
        .iter()
        .find(|(known, _)| *known == word)
        .map_or(word, |(_, zh)| zh)
}

/// The English word of a column's list that this Chinese one stands for.
#[must_use]
pub fn of_zh(kind: Kind, text: &str) -> Option<&'static str> {
    let Kind::Word(words) = kind else { return None };
    words.iter().copied().find(|word| zh(word) == text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::file::File;

    #[test]
    fn every_word_of_every_list_has_one_chinese_word_that_is_read_as_it() {
        for column in File::ALL.iter().flat_map(|file| file.columns()) {
            let Kind::Word(words) = column.kind else { continue };
            let mut seen = BTreeSet::new();
            for word in words {
                assert_ne!(zh(word), *word, "{word}");
                assert!(seen.insert(zh(word)), "{word}");
                assert_eq!(of_zh(column.kind, zh(word)), Some(*word));
            }
            assert_eq!(of_zh(column.kind, "没有这个词"), None);
        }
        assert_eq!(of_zh(Kind::Text, "银行"), None);
    }
}
