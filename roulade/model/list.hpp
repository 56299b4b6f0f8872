ADD(mlp)
ADD(residual_mlp)
