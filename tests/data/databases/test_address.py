import pytest

from segcore.data.databases.address import has_password, is_address, parse_address
from segcore.errors import ParameterError


def test_a_servers_address_has_its_parts():
    found = parse_address("postgresql://analyst@db.example.com:5433/shop?sslmode=require")
    assert (found.scheme, found.host, found.port, found.user, found.database) == ("postgresql", "db.example.com", "5433", "analyst", "shop")
    assert found.name == "shop"


def test_a_socket_and_the_short_scheme_are_read():
    found = parse_address("postgres://analyst@/shop?host=/run/my%20socket&port=5432")
    assert (found.text[:13], found.host, found.port) == ("postgresql://", "/run/my socket", "")


def test_names_are_decoded():
    assert parse_address("postgresql://a%40b@[::1]/my%2Fdata").user == "a@b"
    assert parse_address("postgresql://a@[::1]:99/my%2Fdata").database == "my/data"


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_three_slashes_are_a_relative_path_and_four_an_absolute_one(scheme, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse_address(f"{scheme}:///a/b c.db").file == tmp_path / "a" / "b c.db"
    assert str(parse_address(f"{scheme}:////data/a:b@c.db").file) == "/data/a:b@c.db"
    assert parse_address(f"{scheme}:///x.db").absolute().text == f"{scheme}:///{tmp_path}/x.db"


SECRET = "hunter2"
WITH_PASSWORD = [
    f"postgresql://u:{SECRET}@h/d",
    f"postgres://u:{SECRET}@/d?host=/x",
    f"postgresql://u:a/{SECRET}@h/d",
    f"postgresql://u:{SECRET}/@h/d",
    f"postgresql://u:{SECRET}#x@h/d",
    f"postgresql://u:a@{SECRET}@h/d",
    f"postgresql://u@h/d?password={SECRET}",
    f"postgresql://u@h/d?sslmode=x&sslpassword={SECRET}",
    f"postgresql://u@h/d?pass%77ord={SECRET}",
    f"postgresql+psycopg2://u:{SECRET}@h/d",
    f"mysql://u:{SECRET}@h/d",
    f" postgresql://u:{SECRET}@h/db",
    f"\ufeffpostgresql://u:{SECRET}@h/db",
    f'"postgresql://u:{SECRET}@h/db"',
    f"'postgresql://u:{SECRET}@h/db'",
    f"jdbc:postgresql://h/db?user=u&password={SECRET}",
    f"postgresql://u@h/db;password={SECRET}",
    f"postgresql://u@h/db?dbname=postgresql%3A%2F%2Fu%3A{SECRET}%40h%2Fd",
    f"postgresql://u@h/db?dbname=postgresql%253A%252F%252Fu%253A{SECRET}%2540h%252Fd",
    f"postgresql://u%3A{SECRET}@h/db",
    f"postgresql://u@h/db?host=x;password={SECRET}",
    f"postgresql://h/db?user=u:{SECRET}",
    f"postgresql://u@h/db#password={SECRET}",
    f"postgresql//u:{SECRET}@h/db",
    f"postgresql:/u:{SECRET}@h/db",
    f"postgresql://u:{SECRET}?x@h/db",
    f"host=h password={SECRET} user=u",
    f"https://u:{SECRET}@h/x.csv",
    f"sqlite://u:{SECRET}@h/x.db",
    f"sqlite:///x.db?pwd={SECRET}",
]


@pytest.mark.parametrize("text", WITH_PASSWORD)
def test_a_password_is_refused_and_not_repeated(text):
    assert is_address(text)  # so that no sentence about files quotes it
    with pytest.raises(ParameterError, match="PGPASSWORD") as caught:
        parse_address(text)
    assert SECRET not in str(caught.value)
    assert SECRET not in str(caught.value.finding)


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql:u:{SECRET}@h/d",
        f"postgresql://u:{SECRET}",
        f"postgresql://h:{SECRET}/d",
        f"postgresql://u@h/{SECRET}@d",
        f"postgresql://u@h/d?key={SECRET}",
        f"postgresql://u@h/d\n{SECRET}",
        f"postgresql://u@h/d {SECRET}",
        f"mongodb://{SECRET}",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/x.db",
        "duckdb:///:memory:",
    ],
)
def test_what_is_not_an_address_is_refused_without_repeating_it(text):
    """Any part of it might be a password."""
    assert is_address(text)
    with pytest.raises(ParameterError) as caught:
        parse_address(text)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", ["lines.csv", "/data/a:b.csv", "C:\\data.csv", "complete-journey", "https://example.com/x.csv", "a@b:c"])
def test_paths_and_samples_are_no_addresses(text):
    assert not is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "lines.csv",
        "/data/a:b.csv",
        "C:\\data\\a@b.csv",
        "a@b:c",
        "passengers.csv",
        "bypass=1.csv",
        "/data/passwords/2024: all.csv",
        "100%.csv",
        "sqlite:////data/a:b@c.db",
        "duckdb:///a@b:c.db",
        "postgresql://u@h:5432/shop?passfile=/home/u/.pgpass",
        "postgresql://h:5432/shop?user=a@b",
        "postgresql://h:5432?user=a@b",
        "postgresql://[::1]/shop?user=a@b",
        "postgresql://h1:1,h2:2/shop?user=a@b",
        "postgresql://a%40b@[::1]:99/my%2Fdata",
        "https://example.com:8080/x.csv?mail=a@b",
    ],
)
def test_ordinary_names_and_addresses_have_no_password(text):
    assert not has_password(text)
