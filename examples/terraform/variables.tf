variable "cluster_name" {
  description = "The name of the cluster in kubeconfigs."
  type        = string
  default     = "example"
}

variable "api_server" {
  description = "The URL at which workers reach the API server."
  type        = string
  default     = "https://10.0.0.10:6443"
}

variable "node_network" {
  description = "The network that contains the addresses of the workers."
  type        = string
  default     = "10.0.0.0/16"
}

variable "identity_url" {
  description = "The URL below which an instance can fetch only its own identity."
  type        = string
  default     = "https://identity.example.com/nodes"
}

variable "package_url" {
  description = "The URL of the Debian package of nest-bootstrap."
  type        = string
  default     = "https://packages.example.com/nest-bootstrap_0.1.0-2_amd64.deb"
}

variable "package_sha256" {
  description = "The SHA-256 digest of the package."
  type        = string
  default     = "0000000000000000000000000000000000000000000000000000000000000000"
}
