"""Two Ray nodes of one core each on 127.0.0.1: prints their address and the second one's processes, and ends with its input."""

import json
import sys

import psutil
from ray.cluster_utils import Cluster

SMALL = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}


def children():
    return {child.pid for child in psutil.Process().children(recursive=True)}


cluster = Cluster(initialize_head=True, head_node_args=SMALL)
first = children()
cluster.add_node(**SMALL)
cluster.wait_for_nodes()
print(json.dumps({"address": cluster.address, "second": sorted(children() - first)}), flush=True)
sys.stdin.read()
cluster.shutdown()
