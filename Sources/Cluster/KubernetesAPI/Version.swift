/// The name that the API server and the node agent report as the version of the API that they speak.
package let kubernetesVersion = "v1.36.0"
