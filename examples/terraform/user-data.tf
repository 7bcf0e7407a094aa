# The user data of a worker. Pass local.user_data to the instance, for example as `user_data` of aws_instance or hcloud_server.
locals {
  user_data = templatefile("${path.module}/user-data.yaml.tftpl", {
    cluster_name   = var.cluster_name
    api_server     = var.api_server
    node_network   = var.node_network
    identity_url   = var.identity_url
    package_url    = var.package_url
    package_sha256 = var.package_sha256
  })
}

output "user_data" {
  description = "The user data of a worker."
  value       = local.user_data
}
