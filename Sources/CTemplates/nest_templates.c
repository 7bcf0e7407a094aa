#include "CTemplates.h"

// The files that 'init KIND' writes, embedded from the repository, so that examples and program cannot differ.
// A test compares the list with the directory examples/init.

static const unsigned char kubeadm_bootstrap_yaml[] = {
#embed "../../examples/init/kubeadm/bootstrap.yaml"
};

static const unsigned char kubeadm_manifests_flannel_yaml[] = {
#embed "../../examples/init/kubeadm/manifests/flannel.yaml"
};

static const unsigned char k3s_bootstrap_yaml[] = {
#embed "../../examples/init/k3s/bootstrap.yaml"
};

static const unsigned char k3s_manifests_apps_yaml[] = {
#embed "../../examples/init/k3s/manifests/apps.yaml"
};

static const unsigned char control_plane_bootstrap_yaml[] = {
#embed "../../examples/init/control-plane/bootstrap.yaml"
};

static const unsigned char control_plane_create_authorities_sh[] = {
#embed "../../examples/init/control-plane/create-authorities.sh"
};

static const unsigned char control_plane_create_join_token_sh[] = {
#embed "../../examples/init/control-plane/create-join-token.sh"
};

static const unsigned char manifests_coredns_yaml[] = {
#embed "../../manifests/coredns.yaml"
};

static const unsigned char rbac_06_coredns_yaml[] = {
#embed "../../rbac/06-coredns.yaml"
};

static const unsigned char rbac_00_kube_apiserver_to_kubelet_yaml[] = {
#embed "../../rbac/00-kube-apiserver-to-kubelet.yaml"
};

static const unsigned char control_plane_manifests_kube_proxy_yaml[] = {
#embed "../../examples/init/control-plane/manifests/kube-proxy.yaml"
};

static const unsigned char control_plane_manifests_node_bootstrap_yaml[] = {
#embed "../../examples/init/control-plane/manifests/node-bootstrap.yaml"
};

static const unsigned char bare_debian_bootstrap_yaml[] = {
#embed "../../examples/bare-debian/bootstrap.yaml"
};

static const unsigned char worker_bootstrap_d_50_site_yaml[] = {
#embed "../../examples/init/worker/bootstrap.d/50-site.yaml"
};

static const struct nest_template templates[] = {
    {"kubeadm", "bootstrap.yaml", kubeadm_bootstrap_yaml, sizeof kubeadm_bootstrap_yaml},
    {"kubeadm", "manifests/flannel.yaml", kubeadm_manifests_flannel_yaml, sizeof kubeadm_manifests_flannel_yaml},
    {"k3s", "bootstrap.yaml", k3s_bootstrap_yaml, sizeof k3s_bootstrap_yaml},
    {"k3s", "manifests/apps.yaml", k3s_manifests_apps_yaml, sizeof k3s_manifests_apps_yaml},
    {"worker", "bootstrap.yaml", bare_debian_bootstrap_yaml, sizeof bare_debian_bootstrap_yaml},
    {"worker", "bootstrap.d/50-site.yaml", worker_bootstrap_d_50_site_yaml, sizeof worker_bootstrap_d_50_site_yaml},
    {"control-plane", "bootstrap.yaml", control_plane_bootstrap_yaml, sizeof control_plane_bootstrap_yaml},
    {"control-plane", "create-authorities.sh", control_plane_create_authorities_sh, sizeof control_plane_create_authorities_sh},
    {"control-plane", "create-join-token.sh", control_plane_create_join_token_sh, sizeof control_plane_create_join_token_sh},
    {"control-plane", "manifests/coredns.yaml", manifests_coredns_yaml, sizeof manifests_coredns_yaml},
    {"control-plane", "manifests/coredns-rbac.yaml", rbac_06_coredns_yaml, sizeof rbac_06_coredns_yaml},
    {"control-plane", "manifests/flannel.yaml", kubeadm_manifests_flannel_yaml, sizeof kubeadm_manifests_flannel_yaml},
    {"control-plane", "manifests/kube-apiserver-to-kubelet.yaml", rbac_00_kube_apiserver_to_kubelet_yaml, sizeof rbac_00_kube_apiserver_to_kubelet_yaml},
    {"control-plane", "manifests/kube-proxy.yaml", control_plane_manifests_kube_proxy_yaml, sizeof control_plane_manifests_kube_proxy_yaml},
    {"control-plane", "manifests/node-bootstrap.yaml", control_plane_manifests_node_bootstrap_yaml, sizeof control_plane_manifests_node_bootstrap_yaml},
};

const struct nest_template *nest_templates(unsigned long *count) {
    *count = sizeof templates / sizeof *templates;
    return templates;
}
