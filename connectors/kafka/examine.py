"""What ``doctor`` says of a cluster: who is reached, what is read, what may be written. Pure.

The reads are those of a reading, which has just been made; so what is told of them has been seen. About writes the
brokers are asked for the operations that we are allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.failure import Failed
from connectors.kafka.cluster_told import controller
from connectors.kafka.failure import ADVICE
from connectors.kafka.rights import Operation, Rights, lacking, needs
from connectors.kafka.survey import Survey
from connectors.settings.kafka import Settings
from console.model.component import name_of
from console.model.examination import Examination, Finding, Grade, Write
from console.model.snapshot import FailureKind

NAMED = 5  # groups that a finding names


def unreached(source: str, settings: Settings, failure: Failed) -> Examination:
    """Nothing could be asked."""
    found = Finding("connect", Grade.NO, failure.reason, failure.advice, kind=failure.kind)
    return Examination(source, ", ".join(settings.bootstrap), who=_who(settings), findings=(found,))


def examination(
    source: str, settings: Settings, survey: Survey, rights: Rights, writes: tuple[Write, ...]
) -> Examination:
    return Examination(
        source=source,
        server=", ".join(settings.bootstrap),
        version=_version(survey),
        identity=survey.cluster.id,
        who=_who(settings),
        findings=(
            *_brokers(survey),
            *_reads(survey, rights),
            *(_write(write, rights) for write in writes),
        ),
    )


def _version(survey: Survey) -> str:
    """Brokers do not tell their release, only which APIs they have; one of another maker has those of some release."""
    standing = survey.told.standing
    if standing is None:
        return ""
    return f"APIs of Apache Kafka {'.'.join(map(str, standing.release))}{' (KRaft)' if standing.kraft else ''}"


def _who(settings: Settings) -> str:
    """As we say it ourselves: brokers do not tell whom they take us for."""
    if settings.user:
        return f"User:{settings.user} ({settings.mechanism})"
    if settings.oauth:
        return f"the bearer of a token{f' for {settings.client_id}' if settings.client_id else ''}"
    return "the client certificate's subject" if settings.cert_file else "User:ANONYMOUS"


def _brokers(survey: Survey) -> Iterator[Finding]:
    for broker in survey.expected:
        what = f"reach broker {broker} at {survey.cluster.addresses.get(broker, 'no address')}"
        problem = next((line for line in survey.problems if line.startswith(f"broker {broker}: ")), "")
        if broker not in survey.cluster.brokers:
            yield Finding(what, Grade.NO, problem or "not in the cluster", "see why it is down")
        elif broker in survey.silent:
            yield Finding(
                what, Grade.NO, problem, ADVICE[FailureKind.NAME if "map" in problem else FailureKind.TIMED_OUT]
            )
        else:
            yield Finding(what, Grade.YES)


def _reads(survey: Survey, rights: Rights) -> Iterator[Finding]:
    yield Finding("describe the cluster and its topics", Grade.YES, f"{len(survey.cluster.leaders)} topics")
    yield _listing(survey, rights)
    yield from _groups(survey)
    yield _offsets(survey)
    yield _settings(survey)
    yield _told("describe client quotas", survey, "quotas", f"{len(survey.told.quotas or ())} quotas")
    yield _controllers(survey)


def _listing(survey: Survey, rights: Rights) -> Finding:
    what = "list groups"
    count = len(survey.groups) + len(survey.refused)
    if rights.cluster is not None and Operation.DESCRIBE not in rights.cluster:
        reason = f"{count} that we may describe; others, if there are any, are not listed to us"
        return Finding(what, Grade.NOTE, reason, "ask for Describe on the cluster to have all of them listed")
    return Finding(what, Grade.YES, f"{count} of those that groups names and not_groups does not")


def _groups(survey: Survey) -> Iterator[Finding]:
    """All that can be read in one line, and each reason why some cannot in another."""
    if survey.groups or not survey.refused:
        yield Finding("describe groups and fetch what they committed", Grade.YES, f"{len(survey.groups)} groups")
    reasons: dict[str, list[str]] = {}
    for view in survey.refused:
        reasons.setdefault(view.refusal, []).append(view.name)
    for reason, names in reasons.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        what = f"describe groups: {', '.join(names[:NAMED])}{more}"
        advice = "ask for Describe on these groups, or leave them out by not_groups"
        yield Finding(what, Grade.NO, reason, advice, kind=FailureKind.FORBIDDEN)


def _offsets(survey: Survey) -> Finding:
    places = [place for group in survey.groups for place in group.places]
    places += [place for topic in survey.topics for place in topic.places]
    silent = sum(not place.readable for place in places)
    what = f"list offsets of {len(places)} partitions"
    if not silent:
        return Finding(what, Grade.YES)
    return Finding(
        what, Grade.NO, f"{silent} not answered for", "see the brokers above; ask for Describe on the topics"
    )


def _settings(survey: Survey) -> Finding:
    """Of the topics that matter: those that groups are in, and those that are told of themselves."""
    watched = {place.topic for group in survey.groups for place in group.places} | {each.name for each in survey.topics}
    untold = sorted(watched - set(survey.configs))
    what = "describe topics' settings"
    if not untold or "settings" in survey.told.untold:
        return _told(what, survey, "settings", f"{len(survey.configs)} topics")
    reason = f"{len(untold)} of {len(watched)} topics not told: {', '.join(untold[:NAMED])}"
    return Finding(what, Grade.NO, reason, "ask for DescribeConfigs on the topics", kind=FailureKind.FORBIDDEN)


def _told(what: str, survey: Survey, key: str, found: str) -> Finding:
    why = survey.told.untold.get(key)
    if why is None:
        return Finding(what, Grade.YES, found)
    advice = {"settings": "ask for DescribeConfigs on the topics", "quotas": "ask for DescribeConfigs on the cluster"}
    return Finding(what, Grade.NO, why, advice.get(key, ""))


def _controllers(survey: Survey) -> Finding:
    known = controller(survey)
    what = "describe the quorum of controllers" if _kraft(survey) else "tell the controller"
    if known is not None:
        return Finding(what, Grade.YES, f"{known} controls")
    return Finding(what, Grade.NO, survey.told.untold.get("standing", "not told"), "ask for Describe on the cluster")


def _kraft(survey: Survey) -> bool:
    return survey.told.standing is not None and survey.told.standing.kraft


def _write(write: Write, rights: Rights) -> Finding:
    parts = write.component.split("/")
    kind, name = (parts[1] if len(parts) > 1 else ""), name_of(write.component)
    what = f"set {write.fact} of {write.component}"
    found = needs(kind, write.fact)
    if not found:
        return Finding(what, Grade.UNKNOWN, "nothing that Kafka is known to have", write=write)
    missing = lacking(found, name, rights)
    if missing is None:
        reason = "the brokers do not say what we may do with it, or there is no such thing"
        return Finding(what, Grade.UNKNOWN, reason, write=write)
    if missing:
        words = _words((need.operation, need.on) for need in missing)
        return Finding(what, Grade.NO, f"lacks {words}", f"ask for {words}", write, FailureKind.FORBIDDEN)
    return Finding(what, Grade.YES, _words((need.operation, need.on) for need in found), write=write)


def _words(needed: Iterable[tuple[Operation, str]]) -> str:
    return " and ".join(f"{operation.word} on the {on}" for operation, on in needed)
