"""A simulated Kubernetes cluster: an API server over a generic store, with the controllers that make it live."""

from connectors.simulator.kubernetes.wire import KubernetesWire

__all__ = ["KubernetesWire"]
