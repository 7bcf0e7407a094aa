# The description of the package, which is the same however it is built.
lib: {
  description = "Bootstraps a Kubernetes node from a task file";
  license = lib.licenses.asl20;
  platforms = lib.platforms.linux;
  mainProgram = "nest-bootstrap";
}
