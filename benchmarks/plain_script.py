"""The work of a small sweep as an analyst's own script does it: ``python benchmarks/plain_script.py FILE``.

Reads orders, builds one row of features per customer, fits k-means for 2 to 5 segments and measures each. The yardstick of
``start_up.py``.
"""

import sys

import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from sklearn.preprocessing import StandardScaler

lines = pd.read_csv(sys.argv[1], parse_dates=["date"], dtype={"customer_id": "string"})
lines = lines[lines["customer_id"].notna() & (lines["unit_price"] >= 0)]
lines["amount"] = lines["quantity"] * lines["unit_price"]
by_customer = lines.groupby("customer_id")
features = by_customer.agg(
    invoices=("invoice", "nunique"),
    lines=("item", "size"),
    items=("item", "nunique"),
    quantity=("quantity", "sum"),
    amount=("amount", "sum"),
    mean_amount=("amount", "mean"),
    mean_price=("unit_price", "mean"),
    first=("date", "min"),
    last=("date", "max"),
)
end = lines["date"].max()
features["recency"] = (end - features.pop("last")).dt.days
features["tenure"] = (end - features.pop("first")).dt.days
for name, part in (("weekday", lines["date"].dt.dayofweek), ("quarter", lines["date"].dt.quarter)):
    shares = pd.crosstab(lines["customer_id"], part, normalize="index")
    features = features.join(shares.add_prefix(f"{name}_"))
X = StandardScaler().fit_transform(features)
for n_clusters in range(2, 6):
    model = KMeans(n_clusters, random_state=0, n_init=1).fit(X)
    print(
        n_clusters,
        model.inertia_,
        silhouette_score(X, model.labels_),
        calinski_harabasz_score(X, model.labels_),
        davies_bouldin_score(X, model.labels_),
    )
