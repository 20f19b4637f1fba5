"""Order lines in the form of dunnhumby's Let's Get Sort-of Real, generated: ``sort_of_real()``."""

import numpy as np
import pandas as pd

PRICES, LIFESTAGES = ("LA", "MM", "UM", "XX"), ("YA", "OA", "YF", "OF", "PE", "OT")
MISSIONS = ("Fresh", "Grocery", "Mixed", "Nonfood", "XX")
N_PRODUCTS = 400
_PER_LEVEL = {"PROD_CODE_10": ("CL", 2), "PROD_CODE_20": ("DEP", 5), "PROD_CODE_30": ("G", 13), "PROD_CODE_40": ("D", 45)}


def sort_of_real(n_baskets=2_500, *, n_customers=120, seed=0):
    """Return about eight lines per basket, as the columns are written in the real files: all text.

    Every fifth basket has no customer; a customer without a known life stage or price sensitivity has an empty cell.

    Parameters
    ----------
    n_baskets, n_customers : int
    seed : int

    Returns
    -------
    DataFrame of text
    """
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, n_customers, n_baskets)
    anonymous = rng.uniform(size=n_baskets) < 0.2
    day = pd.Timestamp("2006-04-10") + pd.to_timedelta(rng.integers(0, 364, n_baskets), unit="D")
    store = rng.integers(0, 12, n_baskets)
    lifestage = rng.choice([*LIFESTAGES, ""], n_customers)[customer]
    sensitivity = rng.choice([*PRICES, ""], n_customers)[customer]
    mission = np.where(rng.uniform(size=n_baskets) < 0.6, customer % 5, rng.integers(0, 5, n_baskets))
    size = 1 + rng.poisson(7, n_baskets)
    baskets = pd.DataFrame(
        {
            "SHOP_WEEK": [f"2006{7 + days // 7:02d}" for days in (day - day.min()).days],
            "SHOP_DATE": day.strftime("%Y%m%d"),
            "SHOP_WEEKDAY": ((day.weekday + 1) % 7 + 1).astype(str),
            "SHOP_HOUR": rng.integers(8, 22, n_baskets).astype(str),
            "CUST_CODE": np.where(anonymous, "", [f"CUST{number:010d}" for number in customer * 7 + 1]),
            "CUST_PRICE_SENSITIVITY": np.where(anonymous, "", sensitivity),
            "CUST_LIFESTAGE": np.where(anonymous, "", lifestage),
            "BASKET_ID": [f"9941001005{number:05d}" for number in range(n_baskets)],
            "BASKET_SIZE": np.array(["S", "M", "L"])[np.digitize(size, [5, 11])],
            "BASKET_PRICE_SENSITIVITY": rng.choice(PRICES, n_baskets),
            "BASKET_TYPE": rng.choice(["Small Shop", "Top Up", "Full Shop", "XX"], n_baskets),
            "BASKET_DOMINANT_MISSION": np.array(MISSIONS)[mission],
            "STORE_CODE": [f"STORE{number:05d}" for number in store],
            "STORE_FORMAT": np.array(["LS", "MS", "SS", "XLS"])[store % 4],
            "STORE_REGION": np.array(["E01", "N02", "S01", "W03"])[store // 3],
        }
    )
    lines = baskets.loc[np.repeat(np.arange(n_baskets), size)].reset_index(drop=True)
    # Half of what a basket holds is of its mission's departments.
    product = rng.integers(0, N_PRODUCTS, len(lines))
    own = np.repeat(mission, size) * (N_PRODUCTS // 5) + rng.integers(0, N_PRODUCTS // 5, len(lines))
    product = np.where(rng.uniform(size=len(lines)) < 0.5, own, product)
    quantity = 1 + rng.poisson(0.4, len(lines))
    lines.insert(4, "QUANTITY", quantity.astype(str))
    lines.insert(5, "SPEND", [f"{value:.2f}" for value in quantity * (0.3 + product % 23 / 4)])
    lines.insert(6, "PROD_CODE", [f"PRD{number:07d}" for number in 900_000 + product])
    for place, (level, (prefix, size)) in enumerate(_PER_LEVEL.items(), start=7):
        lines.insert(place, level, [f"{prefix}{number:05d}" for number in product // size + 1])
    return lines
