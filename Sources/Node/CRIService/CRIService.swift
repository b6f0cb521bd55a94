import PodEngine
