use clap::builder::PossibleValuesParser;
use lyceum_protocol::publication::{Finding, Severity};

use super::publish::short_id;
use super::{Context, outcome, safe_text};
use crate::api::shapes::{SearchHit, SearchPage};
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::template;
use crate::{clock, time};

/// Results that are shown unless more are asked for.
const RESULTS: usize = 20;

/// Find publications by words, in any language that they are written in.
///
/// All words have to occur, in some form: "evaluation" finds "evaluations", and "modele" finds "modèle". Filters stand
/// in the query or are given as options; of several of one kind any will do. Best first: rare words, words in the title,
/// tags and names of models count more, and so does what is new; of ten results at most four are of one organisation
/// while others have some. What was superseded or retracted is left out and counted.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
In a query:
  small models          both words
  \"long context\"        these words in this order
  -toxicity             not this word (at the very beginning write -- before it)
  org: type: nature: model: tag: language: marking: severity: since: until:
                        filters, such as type:finding or org:\"Example Lab\"; with a minus: not these

Examples:
  lyceum search quantisation
  lyceum search '\"long context\" 7B -draft type:finding since:30d'
  lyceum search 言語モデル 評価
  lyceum search --model meta-llama/Llama-3.1-8B-Instruct --nature risk
  lyceum search bias -n 100 --json | jq -r '.title'")]
pub(super) struct Args {
    /// What to look for.
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    /// Only of this organisation: its name, id, or the first digits of its id.
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
    /// Only of this type.
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(template::TYPES))]
    kind: Option<String>,
    /// Only findings of this nature.
    #[arg(long, value_name = "NATURE", value_parser = PossibleValuesParser::new(Finding::NATURES))]
    nature: Option<String>,
    /// Only about this model: its exact name, revision or digest.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Only with this tag.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only in this language: a tag such as en or pt-BR.
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Only with this marking: CLEAR or GREEN.
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
    /// Only risks and incidents of this severity.
    #[arg(long, value_name = "SEVERITY", value_parser = PossibleValuesParser::new(Severity::WORDS))]
    severity: Option<String>,
    /// Not older than this: a date, a time in RFC 3339, or how long ago (12h, 7d, 2w).
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Not newer than this.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many at most, up to 1000 [default: 20].
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    n: Option<u16>,
    /// The moment from which age is counted [default: that of the newest publication]. With the same moment every node
    /// gives the same answer.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// Also what was superseded or retracted.
    #[arg(long)]
    all: bool,
}

impl Args {
    fn parameters(self) -> Result<Vec<(&'static str, String)>, Failure> {
        let now = self.now.as_deref().map(|text| time::parse(text, clock::wall())).transpose();
        let now = now.map_err(Failure::usage)?;
        let query = Some(self.query.join(" ")).filter(|query| !query.trim().is_empty());
        let named = [
            ("q", query),
            ("org", self.org),
            ("type", self.kind),
            ("nature", self.nature),
            ("model", self.model),
            ("tag", self.tag),
            ("language", self.language),
            ("marking", self.marking),
            ("severity", self.severity),
            ("since", self.since),
            ("until", self.until),
            ("n", Some(self.n.map_or(RESULTS, usize::from).to_string())),
            ("now", now.map(|now| now.to_string())),
            ("all", self.all.then(|| "true".to_owned())),
        ];
        Ok(named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let parameters = args.parameters()?;
    let page = Client::connect(&context.home()?).await?.search(&parameters).await?;
    for hit in &page.hits {
        if context.out.is_json() {
            context.out.object(hit)?;
        } else {
            print(hit, context)?;
        }
    }
    note(&page, context);
    Ok(())
}

fn print(hit: &SearchHit, context: &mut Context) -> Result<(), Failure> {
    let line = &hit.line;
    let mut title = safe_text::short_line(line.title.as_deref().unwrap_or_default(), 120);
    if let Some(how) = line.left_out {
        title = format!("{title}  [{}]", outcome::word(how));
    }
    context.out.paragraph(&format!("{}  ", short_id(&line.id)), &title)?;
    let kind = line.kind.as_deref().map(safe_text::line).unwrap_or_default();
    let org = safe_text::short_line(&line.org_name, 40);
    let day = line.time.get(..10).unwrap_or_default();
    context.out.paragraph("          ", &format!("{kind}, {org}, {day}"))?;
    if !hit.snippet.is_empty() {
        context.out.paragraph("          ", &safe_text::line(&hit.snippet))?;
    }
    context.out.line("")
}

fn note(page: &SearchPage, context: &Context) {
    let shown = u64::try_from(page.hits.len()).unwrap_or(u64::MAX);
    if page.total == 0 {
        context.out.note("Nothing like that is here.");
    } else if shown < page.total {
        context.out.note(&format!("{shown} of {}. More of them: -n", page.total));
    }
    if let Some(words) = outcome::left_out(page.hidden) {
        context.out.note(&words);
    }
    if let Some(words) = outcome::behind(page.behind_entries) {
        context.out.note(&words);
    }
}
