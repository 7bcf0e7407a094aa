public import Actions
public import Kubernetes
public import Speaking

// How the errors of all rooms fit into the one printer; the rooms do not know of each other.

extension ActionError: Caused, Hinted {}

extension ObjectFailure: Explained {}
