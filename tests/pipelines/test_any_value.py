"""Whatever a pipeline says, it is read or refused in one sentence."""

import contextlib
import copy
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segcore.errors import ParameterError
from segcore.pipelines.format.checking import problems_of
from segcore.pipelines.format.pipeline_file import Document
from segcore.pipelines.format.toml_text import toml_text
from segcore.pipelines.journey import build_journey
from tests.hostile_names import NAMES
from tests.pipelines.test_journey import WHOLE

WRONG = (
    True,
    -1,
    0,
    3,
    10**30,
    1.5,
    float("nan"),
    float("-inf"),
    "",
    " ",
    "kmeans",
    "/",
    "..",
    "~nobody/x",
    "x\0y",
    "a" * 5000,
    "noise",
    [],
    {},
    [[]],
    [{}],
    [1, "a"],
    {"": 1},
    {"a": {"b": 1}},
    *NAMES[:8],
)


def paths_of(value, path=()):
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from paths_of(child, (*path, key))


PATHS = sorted(paths_of(tomllib.loads(WHOLE)), key=str)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(WRONG)), min_size=1, max_size=3))
def test_any_value_anywhere_is_read_or_refused(folder, changes):
    document = tomllib.loads(WHOLE)
    for path, value in changes:
        node = document
        with contextlib.suppress(LookupError, TypeError):  # an earlier change has removed it
            for key in path[:-1]:
                node = node[key]
            if isinstance(node, list) == isinstance(path[-1], int):
                node[path[-1]] = copy.deepcopy(value)
    found = Document(folder / "weekly.toml", document)
    problems = problems_of(document)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        try:
            found.refuse(problems) if problems else build_journey(found)
        except ParameterError as error:
            assert "weekly.toml" in str(error) and "\n" not in str(error) and str(error).isprintable()


@pytest.mark.parametrize("value", [value for value in WRONG if isinstance(value, str)])
def test_any_text_is_written_so_that_it_is_read_again(value):
    assert tomllib.loads(toml_text({value: {value: [value]}})) == {value: {value: [value]}}
