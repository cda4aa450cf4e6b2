"""What publications hold (SPEC E19). `read(text)` gives what follows from one, or raises NotReadable with its field."""

import json
import re

from wire import Refused

SCHEMA_WORDS = {
    "source_type": ("documentation", "evaluation_run"),
    "evaluator_relationship": ("first_party", "third_party", "collaborative", "other"),
}
SEVERITIES = ("low", "medium", "high", "critical")
RELS = {"replicates": "replicates", "disputes": "disputes", "endorses": "endorses", "comments": "replies"}
SHAPES = {
    "mitre-atlas": r"AML\.(T\d{4}(\.\d{3})?|(TA|M|CS)\d{4})",
    "owasp-llm": r"LLM(0[1-9]|10)",
    "ailuminate": r"[a-z]{3}(_[a-z]{3})?",
    "avid-sep": r"[SEP]\d{4}",
}
HASH = re.compile(r"[0-9a-f]{64}")
DAY = r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
CLOCK = r"([01]\d|2[0-4]):[0-5]\d"
TIME = re.compile(rf"\d{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]{CLOCK}(:([0-5]\d|60))?(\.\d+)?([Zz]|[+-]{CLOCK})?")
TAG = re.compile(r"([A-Za-z]{2,8}|[xXiI])(-[A-Za-z0-9]{1,8})*")
SAMPLES = re.compile(
    r"data/[^/]+/[^/]+/[^/]+/[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}_samples\.jsonl"
)


class NotReadable(Refused):
    """The content is no publication that can be shown."""

    def __init__(self, field):
        super().__init__(field)
        self.field = field


def need(holds, field):
    if not holds:
        raise NotReadable(field)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Fields:
    """The fields of an object that stands at a path. A field of null is absent."""

    def __init__(self, path, value):
        need(isinstance(value, dict), path)
        self.path, self.value = path, value

    def at(self, name):
        return f"{self.path}.{name}" if self.path else name

    def get(self, name):
        return self.value.get(name)

    def text(self, name, required=False):
        value = self.get(name)
        need(value is None and not required or isinstance(value, str) and (value.strip() or not required), self.at(name))
        return value

    def word(self, name, words, required=False):
        value = self.text(name, required)
        need(value is None or value in words, self.at(name))
        return value

    def date(self, name):
        value = self.text(name)
        need(value is None or re.fullmatch(DAY, value) or TIME.fullmatch(value), self.at(name))

    def hash(self, name, required=True):
        value = self.text(name, required)
        need(value is None or HASH.fullmatch(value), self.at(name))

    def count(self, name, required=True):
        value = self.get(name)
        need(value is None and not required or isinstance(value, int) and not isinstance(value, bool) and value >= 0, self.at(name))
        return value

    def list(self, name):
        value = self.get(name)
        need(value is None or isinstance(value, list), self.at(name))
        return [(f"{self.at(name)}[{n}]", item) for n, item in enumerate(value or [])]

    def texts(self, name):
        for path, item in self.list(name):
            need(isinstance(item, str) and item.strip(), path)
        return self.get(name) or []

    def object(self, name):
        return None if self.get(name) is None else Fields(self.at(name), self.get(name))


def unique(pairs):
    found = dict(pairs)
    need(len(found) == len(pairs), next((name for n, (name, _) in enumerate(pairs) if name in dict(pairs[:n])), ""))
    return found


def orcid(text):
    if not re.fullmatch(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", text):
        return False
    total = 0
    for digit in text.replace("-", "")[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return text[-1] == ("X" if check == 10 else str(check))


def term(text):
    taxonomy, colon, code = text.partition(":")
    if not (colon and taxonomy.strip() and code.strip()):
        return False
    for known, shape in SHAPES.items():
        if taxonomy == known or taxonomy.startswith(known + "-") and taxonomy != known + "-":
            return re.fullmatch(shape, code) is not None
    return True


def models(fields, name):
    found = []
    for path, value in fields.list(name):
        model = Fields(path, value)
        found.append(tuple(model.text(key, key == "name") for key in ("name", "revision", "digest", "provider")))
    return found


def affected(fields):
    if isinstance(fields.get("affected"), str):
        return [fields.text("affected", True)]
    return fields.texts("affected")


def common(fields):
    title = fields.text("title", True)
    need(len(title) <= 300, "title")
    for name in ("summary", "body", "created", "license"):
        fields.text(name)
    language = fields.text("language")
    need(language is None or TAG.fullmatch(language), "language")
    for n, text in enumerate(fields.texts("taxonomies")):
        need(term(text), f"taxonomies[{n}]")
    fields.texts("tags")
    for path, value in fields.list("authors"):
        author = Fields(path, value)
        author.text("name", True)
        need(author.text("orcid") is None or orcid(author.text("orcid")), author.at("orcid"))
        author.text("affiliation")
    links = []
    for path, value in fields.list("links"):
        link = Fields(path, value)
        rel, target = link.text("rel", True), link.text("target", True)
        need(rel not in ("supersedes", "retracts") or HASH.fullmatch(target), link.at("target"))
        links.append((rel, target))
    for path, value in fields.list("attachments"):
        file = Fields(path, value)
        file.text("name", True), file.text("media_type", True), file.count("size"), file.hash("blake3"), file.hash("sha256")
    imported = fields.object("import")
    if imported:
        tool, part, samples = (imported.object(name) for name in ("tool", "part", "samples"))
        imported.text("format", True), imported.hash("file_sha256"), imported.hash("content")
        if tool:
            tool.text("name", True), tool.text("version")
        if samples:
            samples.count("count"), samples.hash("sha256", False)
        if part:
            need(1 <= part.count("number") <= part.count("of"), part.at("number"))
            part.hash("first", False)
        need(imported.get("stub") is None or isinstance(imported.get("stub"), bool), imported.at("stub"))
    return links


def finding(fields, links):
    nature = fields.text("nature", True)
    names = models(fields, "models")
    about, scores = bool(names), None
    if nature == "evaluation":
        scores = evaluation(fields, names)
    elif nature == "risk":
        fields.word("severity", SEVERITIES), fields.word("likelihood", SEVERITIES[:3])
        fields.word("status", ("open", "mitigated", "closed"))
        about |= bool(affected(fields))
    elif nature == "incident":
        fields.date("date"), fields.text("harm"), fields.word("severity", SEVERITIES)
        about |= bool(affected(fields))
    elif nature == "mitigation":
        fields.word("status", ("proposed", "tested", "deployed"))
        about |= any(rel == "mitigates" for rel, _ in links)
    need(about, "models")
    return names, scores


def release(fields):
    fields.text("name", True), fields.text("version"), fields.text("where")
    seen = set()
    for path, value in fields.list("files"):
        file = Fields(path, value)
        name = file.text("name", True)
        parts = name.split("/")
        plain = all(part not in ("", ".", "..") and "\\" not in part and ":" not in part for part in parts)
        need(plain and len(name.encode()) <= 1024 and name not in seen, file.at("name"))
        need(not re.search(r"[\x00-\x1f\x7f-\x9f]", name), file.at("name"))
        seen.add(name)
        file.count("size"), file.hash("sha256"), file.hash("blake3", False), file.text("address")


def review(fields, links):
    verdict = fields.word("verdict", tuple(RELS), True)
    need(any(rel == RELS[verdict] and HASH.fullmatch(target) for rel, target in links), "links")
    names = models(fields, "models")
    scores = evaluation(fields, names) if fields.get("evaluation") is not None else None
    return names, scores


def notice(fields, links):
    rels = {rel for rel, _ in links}
    fields.text("reason", "retracts" in rels)
    fields.word("response", ("affected", "not-affected", "mitigated", "investigating"), "responds" in rels)
    same = models(fields, "same_as")
    need(not same or len(set(same)) > 1, "same_as")
    need(same or rels & {"supersedes", "retracts", "responds", "same-as"}, "links")


# --- the record of Every Eval Ever, schema 0.3.0 --------------------------------------------------------------------------

TEXT = lambda path, value: need(isinstance(value, str), path)
NUMBER = lambda path, value: need(is_number(value), path)
NUMBER_OR_NULL = lambda path, value: need(value is None or is_number(value), path)
WHOLE = lambda path, value: need(is_number(value) and value == int(value), path)
FLAG = lambda path, value: need(isinstance(value, bool), path)
BOUND = lambda path, value: need(value is None or is_number(value) or value in ("Infinity", "-Infinity"), path)
PLAIN = lambda path, value: need(not isinstance(value, (list, dict)), path)


def words(*known):
    return lambda path, value: need(isinstance(value, str) and value in known, path)


def many(of, least=0):
    def check(path, value):
        need(isinstance(value, list) and len(value) >= least, path)
        for n, item in enumerate(value):
            of(f"{path}[{n}]", item)

    return check


def texts(path, value):
    need(isinstance(value, dict), path)
    for name, item in value.items():
        TEXT(f"{path}.{name}", item)


def thing(others=None, **fields):
    """An object: `name=check`, and `name_=check` for one that must be there."""

    def check(path, value):
        need(isinstance(value, dict), path)
        known = {name.rstrip("_"): (of, name.endswith("_")) for name, of in fields.items()}
        for name, (of, required) in known.items():
            if name in value:
                of(f"{path}.{name}", value[name])
            else:
                need(not required, f"{path}.{name}")
        for name in value.keys() - known.keys():
            if others:
                others(f"{path}.{name}", value[name])

    return check


def refused(path, _):
    raise NotReadable(path)


DEPLOYMENT = {
    "deployment_type_": words("self_deployed", "externally_managed", "unknown"),
    "model_availability_": words("open_weights", "closed_weights", "unknown"),
}
MODEL = thing(
    name_=TEXT, id_=TEXT, developer=TEXT, inference_platform=TEXT, inference_engine=thing(name=TEXT, version=TEXT),
    additional_details_=thing(TEXT, **DEPLOYMENT),
)
SOURCES = {
    "url": thing(dataset_name_=TEXT, url_=many(TEXT, 1), additional_details=texts),
    "hf_dataset": thing(
        dataset_name_=TEXT, hf_repo=TEXT, hf_split=TEXT, samples_number=WHOLE, sample_ids=many(TEXT), additional_details=texts
    ),
    "other": thing(dataset_name_=TEXT, additional_details=texts),
}


def source_data(path, value):
    need(isinstance(value, dict), path)
    need(isinstance(value.get("source_type"), str) and value["source_type"] in SOURCES, f"{path}.source_type")
    SOURCES[value["source_type"]](path, value)


METRIC_FIELDS = thing(
    evaluation_description=TEXT, metric_id=TEXT, metric_name=TEXT, metric_kind=TEXT, metric_unit=TEXT,
    metric_parameters=thing(PLAIN), lower_is_better_=FLAG, score_type=words("binary", "continuous", "levels"),
    level_names=many(TEXT), level_metadata=many(TEXT), has_unknown_level=FLAG, min_score=BOUND, max_score=BOUND,
    llm_scoring=thing(
        judges_=many(thing(model_info_=MODEL, temperature=NUMBER, weight=NUMBER, additional_details=texts), 1),
        input_prompt_=TEXT, aggregation_method=words("majority_vote", "average", "weighted_average", "median"),
        expert_baseline=NUMBER, additional_details=texts,
    ),
    additional_details=texts,
)


def metric(path, value):
    METRIC_FIELDS(path, value)
    needs = {"levels": ("level_names", "has_unknown_level"), "continuous": ("min_score", "max_score")}
    for name in needs.get(value.get("score_type"), ()):
        need(name in value, f"{path}.{name}")


def share(path, value):
    need(is_number(value) and 0 <= value <= 1, path)


def from_one(path, value):
    WHOLE(path, value)
    need(value >= 1, path)


RESULT = thing(
    evaluation_result_id=TEXT, evaluation_name_=TEXT, source_data_=source_data, evaluation_timestamp=TEXT,
    metric_config_=metric,
    score_details_=thing(
        score_=NUMBER, details=texts,
        uncertainty=thing(
            standard_error=thing(value_=NUMBER, method=TEXT),
            confidence_interval=thing(lower_=NUMBER, upper_=NUMBER, confidence_level=share, method=TEXT),
            standard_deviation=NUMBER, num_samples=WHOLE, num_bootstrap_samples=WHOLE,
        ),
    ),
    generation_config=thing(
        generation_args=thing(
            refused, temperature=NUMBER_OR_NULL, top_p=NUMBER_OR_NULL, top_k=NUMBER_OR_NULL, max_tokens=from_one,
            execution_command=TEXT, reasoning=FLAG, prompt_template=TEXT,
            agentic_eval_config=thing(
                available_tools=many(thing(name=TEXT, description=TEXT, parameters=texts)), additional_details=texts
            ),
            eval_plan=thing(name=TEXT, steps=many(TEXT), config=texts),
            eval_limits=thing(time_limit=WHOLE, message_limit=WHOLE, token_limit=WHOLE),
            sandbox=thing(type=TEXT, config=TEXT), max_attempts=WHOLE, incorrect_attempt_feedback=TEXT,
        ),
        additional_details=texts,
    ),
)
RECORD = thing(
    refused, schema_version_=TEXT, evaluation_id_=TEXT, evaluation_timestamp=TEXT, retrieved_timestamp_=TEXT,
    source_metadata_=thing(
        source_name=TEXT, source_type_=words(*SCHEMA_WORDS["source_type"]), source_organization_name_=TEXT,
        source_organization_url=TEXT, source_organization_logo_url=TEXT,
        evaluator_relationship_=words(*SCHEMA_WORDS["evaluator_relationship"]), additional_details=texts,
    ),
    eval_library_=thing(name_=TEXT, version_=TEXT, additional_details=texts),
    model_info_=MODEL, evaluation_results_=many(RESULT),
    detailed_evaluation_results=thing(
        format_=words("jsonl"), file_path_=lambda path, value: need(isinstance(value, str) and SAMPLES.fullmatch(value), path),
        hash_algorithm=words("sha256", "md5"), checksum=TEXT, total_rows=WHOLE, additional_details=texts,
    ),
)


def same_name(one, other):
    # ASCII case alone: other letters are compared as they are.
    plain = [re.sub("[A-Z]", lambda letter: letter[0].lower(), name.strip()) for name in (one, other)]
    return plain[0] == plain[1]


def is_measured(model, info):
    own, known = model.strip(), info["id"].strip()
    if same_name(own, known) or same_name(own, info["name"]):
        return True
    longer, shorter = sorted((own, known), key=len, reverse=True)
    return shorter != "" and longer[: -len(shorter)].endswith("/") and same_name(longer[-len(shorter) :], shorter)


def evaluation(fields, names):
    record = fields.get("evaluation")
    need(record is not None, "evaluation")
    RECORD("evaluation", record)
    need(record["schema_version"].startswith("0.3."), "evaluation.schema_version")
    for path, value in fields.list("unscored"):
        item = Fields(path, value)
        item.text("task", True), item.text("metric"), item.text("filter"), item.text("reason", True), item.text("unit")
        error = item.get("standard_error")
        need(error is None or is_number(error), item.at("standard_error"))
        item.count("n", False)
        need(isinstance(item.get("raw"), str), item.at("raw"))
    info = record["model_info"]
    known = info["id"] == "unknown" or not names or any(is_measured(name, info) for name, *_ in names)
    need(known, "evaluation.model_info.id")
    return [result["score_details"]["score"] for result in record["evaluation_results"]]


def read(text):
    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=lambda _: need(False, ""))
    except ValueError:
        raise NotReadable("") from None
    fields = Fields("", value)
    kind = fields.text("type", True)
    links = common(fields)
    names, scores = [], None
    if kind == "finding":
        names, scores = finding(fields, links)
    elif kind == "release":
        release(fields)
    elif kind == "resource":
        fields.word("kind", ("standard", "tool", "dataset", "benchmark", "course"))
        fields.text("version"), fields.text("audience"), fields.text("address")
    elif kind == "call":
        fields.date("ends")
    elif kind == "review":
        names, scores = review(fields, links)
    elif kind == "notice":
        notice(fields, links)
    return {"type": kind, "models": [name for name, *_ in names], "scores": scores}
