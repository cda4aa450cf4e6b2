use super::*;
use proptest::prelude::*;

fn terms(tag: &str, text: &str) -> Vec<String> {
    let tokens = Tokeniser::new(Tongue::of(Some(tag))).tokens(text, 0).0;
    tokens.into_iter().filter(|token| !token.second).map(|token| token.term).collect()
}

/// Whether a text with a tag is found by a word that is searched for in the same language.
fn finds(tag: &str, text: &str, word: &str) -> bool {
    let mut tokeniser = Tokeniser::new(Tongue::of(Some(tag)));
    let (tokens, _) = tokeniser.tokens(text, 0);
    let at = |sought: &Sought, position: u32| {
        let fits = |term: &str| if sought.begins { term.starts_with(&sought.term) } else { term == sought.term };
        tokens.iter().any(|token| token.position == position && fits(&token.term))
    };
    let sought = tokeniser.sought(word);
    !sought.is_empty()
        && tokens.iter().any(|token| sought.iter().all(|one| at(one, token.position.saturating_add(one.offset))))
}

#[test]
fn words_of_six_languages_are_found_in_another_form() {
    for (tag, text, word) in [
        ("en", "The evaluations were repeated", "evaluation"),
        ("en-GB", "quantised models", "quantised model"),
        ("fr", "Les évaluations ont été reproduites", "évaluation"),
        ("fr", "Les évaluations ont été reproduites", "EVALUATION"),
        ("de", "Die größeren Modelle halluzinieren", "Modell"),
        ("de", "Die größeren Modelle", "grosser"),
        ("es", "Las evaluaciones del modelo", "evaluación"),
        ("es", "La evaluación del modelo", "evaluacion"),
        ("pt-BR", "As avaliações dos modelos", "avaliação"),
        ("ja", "大規模言語モデルの評価を行った", "言語モデル"),
        ("ja", "大規模言語モデルの評価を行った", "評価"),
        ("zh", "大型语言模型的评估", "语言模型"),
        ("ko", "대규모 언어 모델의 평가", "모델"),
        ("ru", "Оценка языковых моделей", "модели"),
        ("pl", "Ocena modeli językowych", "jezykowych"),
    ] {
        let all = word.split(' ').all(|word| finds(tag, text, word));
        assert!(all, "{tag}: {word} in {text}: {:?} {:?}", terms(tag, text), terms(tag, word));
    }
}

#[test]
fn mixed_texts_keep_both_kinds_of_terms() {
    assert_eq!(terms("ja", "GPT-4モデルの精度"), ["en gpt", "en 4", "- モデ", "- デル", "- ルの", "- の精", "- 精度"]);
    assert_eq!(terms("en", "the 評価 results"), ["en the", "- 評価", "en result"]);
    assert!(finds("ja", "猫", "猫") && finds("ja", "黒猫", "猫") && finds("ja", "猫目", "猫"));
    assert!(!finds("ja", "評価の結果", "結評"));
}

#[test]
fn one_text_in_several_forms_gives_the_same_terms() {
    // Full width, half-width kana, and accents as characters of their own.
    assert_eq!(terms("en", "ＭＯＤＥＬ　２"), terms("en", "model 2"));
    assert_eq!(terms("ja", "ﾃﾞｰﾀ"), terms("ja", "データ"));
    assert_eq!(terms("fr", "e\u{301}value\u{301}"), terms("fr", "évalué"));
    assert_eq!(terms("ko", "\u{1106}\u{1169}\u{1103}\u{1166}\u{11af}"), terms("ko", "모델"));
    // What is told apart stays apart.
    assert_ne!(terms("ja", "がく"), terms("ja", "かく"));
}

#[test]
fn words_of_one_language_do_not_meet_the_stems_of_another() {
    // The French stem of "news" is that of "new".
    let english = terms("en", "new");
    assert!(!english.iter().any(|term| terms("fr", "news").contains(term)));
    assert_eq!(Tongue::of(None), Tongue::ENGLISH);
    assert_eq!(Tongue::of(Some("nb")), Tongue::of(Some("no")));
    assert_eq!(Tongue::of(Some("tlh")), Tongue::PLAIN);
}

#[test]
fn names_of_models_are_found_as_they_are_written() {
    for word in ["Llama-3.1-8B", "llama-3.1", "3.1-8b", "8B"] {
        assert!(finds("en", "We ran meta-llama/Llama-3.1-8B-Instruct", word), "{word}");
    }
    assert!(!finds("en", "We ran Llama-3.1-8B", "3.1-70B"));
}

proptest! {
    #[test]
    fn any_text_has_terms_in_order_within_its_bytes(text: String, tag in "[a-z]{2}") {
        let (tokens, end) = Tokeniser::new(Tongue::of(Some(&tag))).tokens(&text, 7);
        let mut before = 7;
        for token in &tokens {
            prop_assert!(token.position >= before && token.position < end);
            before = token.position;
            prop_assert!(text.get(token.range.clone()).is_some());
            prop_assert!(token.term.chars().count() <= 3 * WORD_CHARS_MAX + 3, "{}", token.term);
        }
    }

    #[test]
    fn any_word_is_found_in_a_text_that_holds_it(before in "[a-zé ]{0,10}", word in "\\PC{1,12}", tag in "(en|fr|ja|de|x)") {
        let mut tokeniser = Tokeniser::new(Tongue::of(Some(&tag)));
        prop_assume!(!tokeniser.sought(&word).is_empty() && !word.chars().any(is_combining_mark));
        let found = finds(&tag, &format!("{before} {word} after"), &word);
        prop_assert!(found);
    }
}
