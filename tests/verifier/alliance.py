"""Objects together: what follows from a set of documents, and how logs stand in it (SPEC D10 to T18, S5 to S9)."""

import wire
from objects import H, ZERO, Refused, head_of, is_protocol, leaf, log_id
from wire import ADMIT, ERASE, INVITE, REMOVE, SETTLE, decode

CERTIFICATE, POSSESSION, CHARTER, APPROVAL, REDEMPTION = range(5)
NO_FORK = 2**64 - 1


class Waits(Exception):
    """Something is missing."""


def few_keys(chain):
    """D11: at most 1,024 distinct keys."""
    return len({listed["key"] for version in chain for listed in version["keys"]}) <= 1_024


class Documents:
    def __init__(self):
        self.certificates, self.charters, self.motions = {}, {}, {}
        self.signatures = {}

    def sign(self, signature):
        self.signatures[signature["id"]] = signature

    def on(self, target):
        return [signature for signature in self.signatures.values() if signature["target"] == target]

    def signers(self, type_, target):
        """Keys with their rounds."""
        return {(found["key"], found["round"]) for found in self.on(target) if found["type"] == type_}

    def signed_by(self, keys, threshold, target):
        signers = {key for key, _ in self.signers(CERTIFICATE, target)}
        return sum(key in signers for key in keys) >= threshold

    def well_formed(self, version):
        """D10."""
        return self.signed_by(version["root_keys"], version["root_k"], version["id"])

    def chain(self, id_):
        """D13: from number 0; None while a version is missing."""
        chain = []
        while True:
            version = self.certificates.get(id_)
            if version is None or (chain and chain[0]["number"] != version["number"] + 1):
                return None
            chain.insert(0, version)
            if version["number"] == 0:
                return chain
            id_ = version["prev"]

    def linked(self, version):
        """D11."""
        if version["number"] == 0:
            return True
        prev, chain = self.certificates.get(version["prev"]), self.chain(version["id"])
        if prev is None or chain is None or not self.signed_by(prev["root_keys"], prev["root_k"], version["id"]):
            return False
        roles = {listed["key"]: listed["roles"] for listed in version["keys"]}
        before = [listed for older in chain for listed in older["keys"] if listed["key"] in roles]
        return all(roles[listed["key"]] == listed["roles"] for listed in before) and few_keys(chain)

    def possessed(self, org, key):
        """D12."""
        return (key, 0) in self.signers(POSSESSION, org)

    def charter_well_formed(self, charter):
        """D14."""
        if charter["epoch"] == 0:
            return True
        prev = self.charters.get(charter["prev"])
        if prev is None or charter["epoch"] != prev["epoch"] + 1:
            return False
        voters = {voter["org"] for voter in prev["voters"] + charter["voters"]}
        if prev["k"] + charter["k"] <= len(voters):
            return False
        for row in charter["sealed"]:
            if row["op"] not in (ADMIT, REMOVE, SETTLE, ERASE) or (row["org"] == ZERO) != (row["op"] == ERASE):
                return False
        members = {row["org"] for row in prev["members"]}
        members |= {row["org"] for row in charter["sealed"] if row["op"] == ADMIT}
        members -= {row["org"] for row in charter["sealed"] if row["op"] == REMOVE}
        return members == {row["org"] for row in charter["members"]}

    def certified_round(self, charter):
        """D15: the highest round, or None."""
        prev = self.charters.get(charter["prev"])
        if prev is None or not self.charter_well_formed(charter):
            return None
        signers = self.signers(CHARTER, charter["id"])

        def enough(of, round_):
            return sum((voter["key"], round_) in signers for voter in of["voters"]) >= of["k"]

        rounds = {round_ for _, round_ in signers}
        return max((round_ for round_ in rounds if enough(prev, round_) and enough(charter, round_)), default=None)

    def passed(self, motion):
        """M4."""
        epoch = self.charters.get(motion["epoch"])
        signers = {key for key, _ in self.signers(APPROVAL, motion["id"])}
        return epoch is not None and sum(voter["key"] in signers for voter in epoch["voters"]) >= epoch["k"]

    def certified_successors(self, id_):
        found = [(self.certified_round(charter), charter) for charter in self.charters.values() if charter["prev"] == id_]
        return [(round_, charter) for round_, charter in found if round_ is not None]

    def adopt(self, network, checkpoint):
        """D16 to D18: the chain from charter 0 to the adopted charter, and why it ends there."""
        chain, at = [], checkpoint
        while True:
            charter = self.charters.get(at)
            if charter is None or charter["rules"] != 1 or not self.charter_well_formed(charter):
                return [], "chain incomplete"
            chain.insert(0, charter)
            if charter["epoch"] == 0:
                break
            at = charter["prev"]
        if chain[0]["id"] != network:
            return [], "chain incomplete"
        while True:
            candidates = self.certified_successors(chain[-1]["id"])
            went_on = [found for found in candidates if self.certified_successors(found[1]["id"])]
            candidates = went_on or candidates
            if not candidates:
                return chain, "newest"
            highest = max(round_ for round_, _ in candidates)
            best = [charter for round_, charter in candidates if round_ == highest]
            if len(best) > 1:
                return chain, "contested"
            if best[0]["rules"] != 1:
                return chain, "unknown rules"
            chain.append(best[0])

    def redeemers(self, key):
        """M7."""
        targets = [found["target"] for found in self.signatures.values() if found["type"] == REDEMPTION and found["key"] == key]
        versions = [self.certificates[target] for target in targets if target in self.certificates]
        return {version["id"] for version in versions if version["number"] == 0 and self.well_formed(version)}


class Alliance:
    """Sections 5 and 6 for one set and checkpoint."""

    def __init__(self, documents, network, checkpoint):
        self.documents = documents
        self.charters, self.stop = documents.adopt(network, checkpoint)
        self.removes, self.settles, self.admits, self.missing, self.erased = {}, {}, {}, set(), set()
        self.sole, self.rivals, self.rows = set(), set(), {}
        for charter in self.charters:
            self.sealed_by(charter)
        if self.charters:
            adopted = self.charters[-1]
            self.rows = {row["org"]: row["certificate"] for row in adopted["members"]}
            passed = [id_ for id_, motion in sorted(documents.motions.items()) if motion["epoch"] == adopted["id"] and documents.passed(motion)]
            invites = [id_ for id_ in passed if documents.motions[id_]["op"][0] == INVITE]
            for id_ in passed:
                # M7: of too many Invites the smallest ids.
                if id_ not in invites[512:]:
                    self.takes_effect(documents.motions[id_])
        zeros = {id_ for id_, version in documents.certificates.items() if version["number"] == 0}
        about = [self.removes, self.settles, self.admits, self.missing, self.rows, self.sole, self.rivals]
        self.orgs = {org: self.picture(org) for org in sorted(zeros.union(*about))}

    def sealed_by(self, charter):
        """M6."""
        rows = {row["org"]: row["certificate"] for row in charter["members"]}
        for row in charter["sealed"]:
            org, op, motion = row["org"], row["op"], self.documents.motions.get(row["motion"])
            if motion is None:
                if op != ERASE:
                    self.missing.add(org)
                if op == REMOVE:
                    self.removes.setdefault(org, {})[row["motion"]] = None
                continue
            tag, body = motion["op"]
            if op == ADMIT and tag == INVITE:
                self.admits.setdefault(org, {})[motion["id"]] = rows.get(org)
            elif op == tag and org == body.get("org", ZERO):
                self.takes_effect(motion, sealed=True)

    def takes_effect(self, motion, sealed=False):
        tag, body = motion["op"]
        if tag == ADMIT:
            self.admits.setdefault(body["org"], {})[motion["id"]] = body["certificate"]
        elif tag == REMOVE:
            self.removes.setdefault(body["org"], {})[motion["id"]] = body
        elif tag == SETTLE:
            self.settles.setdefault(body["org"], []).append((-body["round"], motion["id"], body["certificate"]))
        elif tag == ERASE:
            self.erased |= set(body["targets"])
        elif not sealed:
            redeemers = self.documents.redeemers(body["key"])
            (self.sole if len(redeemers) == 1 else self.rivals).update(redeemers)

    def seat(self, org):
        """T1."""
        if org in self.removes:
            return "removed"
        if org in self.rows or org in self.admits:
            return "firm"
        if org in self.sole:
            return "provisional"
        return "suspended" if org in self.rivals else "none"

    def held(self, id_):
        chain = self.documents.chain(id_)
        if chain is None or not all(map(self.documents.well_formed, chain)):
            raise Waits()
        return chain

    def picture(self, org):
        seat = self.seat(org)
        try:
            return {"seat": seat, "waits": False, **self.branch(org, seat)}
        except Waits:
            return {"seat": seat, "waits": True, "effective": [], "pins": {}}

    def anchors(self, org):
        """T2."""
        removes, admits = self.removes.get(org), self.admits.get(org)
        found = [
            removes[min(removes)]["certificate"] if removes else None,
            min(self.settles[org])[2] if org in self.settles else None,
            self.rows.get(org),
            admits[min(admits)] if admits else None,
        ]
        return [anchor for anchor in found if anchor is not None]

    def branch(self, org, seat):
        """T2, T3, T6."""
        if not self.charters or org in self.missing:
            raise Waits()
        tip, accepted = self.held(org), set()
        for anchor in self.anchors(org):
            chain = self.held(anchor)
            ids, tip_ids = [version["id"] for version in chain], [version["id"] for version in tip]
            if ids[0] != org or not few_keys(chain) or not (ids[-1] in tip_ids or tip_ids[-1] in ids):
                continue
            accepted.add(anchor)
            if len(chain) > len(tip):
                tip = chain
        pins = {}
        if seat == "removed":
            removes = [body for _, body in sorted(self.removes[org].items())]
            named = removes[0]["certificate"]
            effective = self.documents.chain(named) if named in accepted else []
            for body in removes:
                for pin in body["pins"]:
                    pins.setdefault(pin["log"], pin)
        else:
            effective = list(tip)
            while True:
                next_ = [
                    version
                    for version in self.documents.certificates.values()
                    if version["prev"] == effective[-1]["id"]
                    and version["number"] > 0
                    and self.documents.well_formed(version)
                    and self.documents.linked(version)
                ]
                if len(next_) != 1:
                    break
                effective.append(next_[0])
        for version in effective:
            for pin in version["closed"]:
                pins.setdefault(pin["log"], pin)
        return {"effective": effective, "pins": pins, "tip": tip[-1]["id"], "accepted": accepted}

    def position(self, org, chain):
        """T4, T5: effective, beyond, losing, or None where the version does not count."""
        picture = self.orgs[org]
        ids = [version["id"] for version in chain]
        if ids[-1] in [version["id"] for version in picture["effective"]]:
            return "effective"
        vouched = max((n for n, id_ in enumerate(ids) if id_ in picture["accepted"]), default=0)
        documents = self.documents
        if not all(documents.linked(version) and documents.well_formed(version) for version in chain[vouched + 1 :]):
            return None
        return "beyond" if picture["tip"] in ids else "losing"

    def line(self, log):
        """T7 to T16: the line, and the pin that decides."""
        waits = ("waiting", None)
        chain = self.documents.chain(log["certificate"])
        if chain is None:
            return waits
        org, version = chain[0]["id"], chain[-1]
        picture = self.orgs[org]
        if picture["waits"] or not self.documents.well_formed(version):
            return waits
        roles = {listed["key"]: listed["roles"] for listed in version["keys"]}
        if not roles.get(log["key"], 0) & 3 or not self.documents.possessed(org, log["key"]):
            return waits
        position, pin = self.position(org, chain), picture["pins"].get(log["log"])
        if picture["seat"] == "removed":
            return ("removed, pinned", pin) if position == "effective" and pin else ("removed, void", None)
        if position is None:
            return waits
        if picture["seat"] == "suspended":
            return "suspended", None
        if picture["seat"] == "none":
            return "no seat", None
        if position == "losing":
            return "losing", None
        if position == "beyond":
            return "contested", None
        if pin:
            return "closed", pin
        if log["key"] not in [listed["key"] for listed in picture["effective"][-1]["keys"]]:
            return "unpinned", None
        return ("forked" if log["fork"] is not None else "good"), None


def join(entries):
    """L2, L11: all chains that the entries make, the chain they agree on, and where they part."""
    first = next(entry for entry in entries if entry["seq"] == 0)
    certificate = first["history"]
    log = log_id(first["key"], first["incarnation"], certificate)
    chains, longest = [[]], []
    fork = None
    while chains:
        grown = {}
        for chain in chains:
            seq = len(chain)
            history = certificate if seq == 0 else head_of([leaf(entry["id"]) for entry in chain])
            for entry in entries:
                if entry["seq"] == seq and entry["history"] == history:
                    grown[entry["id"]] = [*chain, entry]
        if len(grown) > 1 and fork is None:
            fork = len(next(iter(grown.values()))) - 1
        longest.extend(grown.values())
        chains = list(grown.values())
    best = max(longest, key=len)
    return {
        "log": log, "key": first["key"], "certificate": certificate, "fork": fork, "chain": best,
        "heads": {(len(chain), chain[-1]["id"]) for chain in longest},
    }


def judge_log(alliance, log):
    """T17, S7."""
    line, pin = alliance.line(log)
    chain, fork = log["chain"], log["fork"]
    good, item = 0, None
    if pin:
        if pin["len"] and (pin["len"], pin["head"]) in log["heads"]:
            good, item = pin["len"], (pin["len"], pin["head"], NO_FORK)
    elif line == "forked":
        good, item = fork, (fork, chain[fork - 1]["id"] if fork else ZERO, fork)
    elif line == "good":
        good, item = len(chain), (len(chain), chain[-1]["id"], NO_FORK)

    def standing(seq):
        if seq < good:
            return "good"
        if pin:
            return "unsettled" if seq < pin["len"] and good == 0 else "void"
        return {"waiting": "waiting", "removed, void": "void", "losing": "void"}.get(line, "unsettled")

    length = len(chain) if fork is None else fork + 1
    if item:
        item = wire.FRONTIER_ITEM.write(dict(zip(("log", "good_len", "head", "fork"), (log["log"], *item))))
    return {"line": line, "good": good, "item": item, "standings": [standing(seq) for seq in range(length)]}


def erased_ids(alliance, logs):
    """T18."""
    good = [(log, entry) for log in logs for entry in log["chain"][: log["judged"]["good"]]]
    targets = {entry["id"]: log for log, entry in good if not is_protocol(entry)}
    erased = alliance.erased & set(targets)
    for _, entry in good:
        if entry["kind"] != 1001:
            continue
        try:
            content = decode(wire.PROTOCOL_KINDS[1001], entry["payload"][16:], 20_464)
        except Refused:
            continue
        for target in set(content["targets"]) & set(targets):
            log = targets[target]
            org = alliance.documents.chain(log["certificate"])[0]["id"]
            listed = [listed for version in alliance.orgs[org]["effective"] for listed in version["keys"]]
            if log["key"] == entry["key"] or any(found["key"] == entry["key"] and found["roles"] & 2 for found in listed):
                erased.add(target)
    return sorted(erased)


def buckets(items, bits):
    """S5."""
    joined = [b""] * 2**bits
    for item in sorted(items):
        joined[int.from_bytes(item[:32], "big") >> 256 - bits] += item
    return [H(part) for part in joined]


def root(items):
    """S6."""
    return H(*buckets(items, 8))


def docs_root(documents):
    """S8."""
    ids = [*documents.certificates, *documents.charters, *documents.motions]
    return root([id_ + H(*sorted(found["id"] for found in documents.on(id_))) for id_ in ids])


def state_root(alliance, digest, erased):
    """S9."""
    seats = {"firm": b"\0", "provisional": b"\1", "removed": b"\2"}
    rows = [
        org + seats[picture["seat"]] + (picture["effective"][-1]["id"] if picture["effective"] else ZERO)
        for org, picture in alliance.orgs.items()
        if picture["seat"] in seats
    ]
    adopted = alliance.charters[-1]["id"] if alliance.charters else ZERO
    count = lambda items: len(items).to_bytes(8, "little")
    return H(adopted, count(rows), *rows, digest, count(erased), *erased)
