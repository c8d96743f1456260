"""Training data, the training of backbones, and what a trained model is worth."""
