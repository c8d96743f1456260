"""From LaTeX or plain text to a tree of `reasonenv.grading.math.nodes`."""
