"""The main job on the local cloud, from push to trail: shown and checked."""
