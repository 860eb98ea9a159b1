"""What the story needs from the outside, as protocols: a ledger, an ERP, a shop, dead letters, people, a clock."""

from service.ports.clock import Clock
from service.ports.dead_letters import DeadLetter, DeadLetters
from service.ports.desk import Audit, Desk, Mapped, Parked, Story
from service.ports.erp import ERP, Absent, Capabilities, Found, Receipt, Resolution, Unclear, Unresolved
from service.ports.intent import Intent, IntentState, Refusal, Step
from service.ports.ledger import Absorbed, Arrival, Busy, Closing, EventEnd, Known, Lease, Ledger, Opened
from service.ports.mirror import Decision, Drift, Endpoint, Kept, Mirror, Notice, Observation, Sight, Wanted, Watched
from service.ports.priority import Priority
from service.ports.privacy import CaseState, PrivacyCase, PrivacyDesk, StandsInErp, StandsOnKafka, Traces
from service.ports.record import Record, Routed
from service.ports.shop import OrderRead, Shop

__all__ = [
    "ERP",
    "Absent",
    "Absorbed",
    "Arrival",
    "Audit",
    "Busy",
    "Capabilities",
    "CaseState",
    "Clock",
    "Closing",
    "DeadLetter",
    "DeadLetters",
    "Decision",
    "Desk",
    "Drift",
    "Endpoint",
    "EventEnd",
    "Found",
    "Intent",
    "IntentState",
    "Kept",
    "Known",
    "Lease",
    "Ledger",
    "Mapped",
    "Mirror",
    "Notice",
    "Observation",
    "Opened",
    "OrderRead",
    "Parked",
    "Priority",
    "PrivacyCase",
    "PrivacyDesk",
    "Receipt",
    "Record",
    "Refusal",
    "Resolution",
    "Routed",
    "Shop",
    "Sight",
    "StandsInErp",
    "StandsOnKafka",
    "Step",
    "Story",
    "Traces",
    "Unclear",
    "Unresolved",
    "Wanted",
    "Watched",
]
