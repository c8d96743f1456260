"""What a run leaves behind, on disk and on the screen: logs, checkpoints, progress, warnings, the final table."""
