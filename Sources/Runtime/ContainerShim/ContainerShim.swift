// ContainerShim
