import Actions
import Kubernetes
import Speaking
import YAML

// How the errors of all rooms fit into the one printer; the rooms do not know of each other.

extension ActionError: Caused, Hinted {}

extension ObjectFailure: Explained {}
