"""Every key of a pipeline arrives in the record of its step."""

from segcore.pipelines.format.pipeline_file import read_document
from segcore.pipelines.journey import CheckRules, Export, SolutionChoice, SweepChoice, build_journey
from segcore.records.data_rules import ColumnRules, ReadOptions, RowRules
from segcore.records.intake import SecondTable
from segcore.records.target_question import TargetQuestion
from segcore.records.taste import Taste
from segcore.records.vectors import Vectors
from tests.pipelines.conftest import WEEKLY

WHOLE = """\
manifest = "runs/june.json"

[data]
path = "orders.csv"
name = "Orders of June"
kind = "transactions"
where = ["a > 1", "b = 'x'"]
date_from = 2024-01-15
date_to = "2024-06-30"
delimiter = "\\t"
encoding = "cp1252"
sheet = "*"
header_row = 3
date_order = "dmy"
set_aside = true
required = "item"
cancelled = "aside"
duplicates = "aside"
exclude = ["x"]
zero = ["z"]
min_share = 0.2
max_categories = 4
customers = "orders.csv"
customers_key = "id"
items = "orders.csv"
frames = "polars"
[data.roles]
customer = "customer_id"
item = ""

[features]
set = "components=auto"
names = ["component_1", "Recency"]
matrix = "log"
components = "svd"
of = "category"
lengths = "kept"
least_items = 2
least_customers = 3
seed = 9
missions = 4

[plan]
setting = "kit"
outliers = "none"
scaler = "robust"
log = "Recency"
power = []
ideas = "each"
repeats = 2
seed = 5
[plan.weights]
Recency = 2.5
component_1 = "high"

[sweep]
algorithm = "gaussian_mixture"
engine = "stock"
evidence = "all"
memory = "2G"
workers = "ray"
[sweep.grid]
n_components = [3, 2]
covariance_type = ["full"]

[choose]
best = "silhouette"
segments = [2, 3]

[names]
0 = "Regulars"
12 = "Größe"

[[export]]
out = "a.csv"
segments = [0, "noise"]
own_id = true
model = "a.zip"
[[export]]
out = "b.parquet"

[[score]]
path = "orders.csv"
delimiter = ";"
frames = "pandas"
as_of = 2024-07-01
out = "s.csv"
[[score]]
path = "complete-journey"
as_of = 2024-07-01T12:00:00
out = "t.csv"

[targets]
promote = "item=a=b"
money = 100
cost = 0.5
value = 20
window = 14
again = true
method = "rules"
holdout = 0
keep = "x"
contacts = "orders.csv"
out = "c.csv"

[check]
reference = "signed.json"
least_agreement = 0.9
"""


def built(folder, text, settings=()):
    (folder / "whole.toml").write_text(text)
    return build_journey(read_document(folder / "whole.toml", settings))


def test_every_table_becomes_the_record_of_its_step(folder):
    journey = built(folder, WHOLE)
    orders = str(folder / "orders.csv")
    request = journey.request
    assert (request.data, request.name, request.kind, request.where) == (orders, "Orders of June", "transactions", ("a > 1", "b = 'x'"))
    assert (request.date_from, request.date_to, request.frames, request.missions) == ("2024-01-15", "2024-06-30", "polars", 4)
    assert request.roles == {"customer": "customer_id", "item": ""}
    assert request.reading == ReadOptions("tab", "cp1252", ("*",), 3)
    assert request.rows == RowRules("dmy", set_aside=True, cancelled="aside", duplicates="aside", required=("item",))
    assert request.columns == ColumnRules(exclude=("x",), zero=("z",), min_share=0.2, max_categories=4)
    assert (request.customers, request.items) == (SecondTable(orders, key="id"), SecondTable(orders))
    assert request.taste == Taste("category", "log", "svd", "auto", 2, 3, 9, "kept") and request.afresh
    plan = journey.plan
    assert plan.features == ("component_1", "Recency") and plan.setting == "kit"
    assert plan.transforms == {"log": ("Recency",), "power": ()} and plan.weights == {"Recency": 2.5, "component_1": "high"}
    assert plan.fields == {"outliers": "none", "scaler": "robust", "ideas": "each", "repeats": 2, "seed": 5}
    grid = {"n_components": (3, 2), "covariance_type": ("full",)}
    assert journey.sweep == SweepChoice("gaussian_mixture", "stock", grid, "all", 2 << 30, "ray")
    assert journey.choice == SolutionChoice(None, "silhouette", (2, 3))
    assert journey.names == {0: "Regulars", 12: "Größe"}
    assert journey.exports == (
        Export(folder / "a.csv", folder / "a.zip", {"segments": (0, -1), "own_id": True}),
        Export(folder / "b.parquet", None, {}),
    )
    first, second = journey.scores
    assert (first.request.data, first.request.reading.delimiter, first.as_of, first.out) == (orders, ";", "2024-07-01", folder / "s.csv")
    assert (second.request.data, second.request.name, second.as_of) == ("complete-journey", None, "2024-07-01 12:00:00")
    assert (first.request.frames, second.request.frames) == ("pandas", "polars"), "the library of the data, if none is given"
    (target,) = journey.targets
    assert target.out == folder / "c.csv"
    assert target.question == TargetQuestion(
        promote="item=a=b",
        money=100,
        cost=0.5,
        worth=20,
        window_days=14,
        again=True,
        method="rules",
        holdout=0,
        keep=("x",),
        contacts=orders,
    )
    assert journey.rules == CheckRules(folder / "signed.json", least_agreement=0.9)
    assert journey.manifest == folder / "runs" / "june.json"
    assert journey.steps == ("prepare", "features", "sweep", "choose", "export", "score", "targets")


def test_what_is_left_out_is_the_apps_default(folder):
    journey = built(folder, '[data]\npath = "orders.csv"\n[sweep]\nalgorithm = "ward"\n')
    assert (journey.plan.features, journey.plan.transforms, journey.plan.setting) == (None, None, "default")
    assert journey.sweep == SweepChoice("ward", None, {}, "auto", None, "local")
    assert journey.choice == SolutionChoice() and journey.steps == ("prepare", "features", "sweep", "choose")
    assert journey.manifest == folder / "whole.manifest.json"


def test_vectors_have_their_options_and_seed(folder):
    text = WEEKLY.replace('set = "small"', 'set = "cust2vec=16"\ncust2vec = { method = "dm", window = 3, epochs = 7, exponent = -1 }')
    journey = built(folder, text, ["plan.seed=4"])
    assert journey.request.vectors == Vectors(16, "dm", window=3, epochs=7, exponent=-1, seed=4)


def test_settings_replace_add_and_reach_into_lists(folder):
    settings = ["data.name=A = B", "choose.point={n_clusters = 2}", 'names."1"=Guests', "export.0.profile=true", "sweep.grid.tol=[1e-3]"]
    journey = built(folder, WEEKLY, settings)
    assert journey.request.name == "A = B" and journey.choice.point == {"n_clusters": 2}
    assert journey.names == {0: "Regulars", 1: "Guests"} and journey.exports[0].options == {"profile": True}
    assert journey.sweep.grid == {"n_clusters": (2, 3), "tol": (0.001,)}
