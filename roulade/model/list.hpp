ADD(mlp)
ADD(residual_mlp)
ADD(unet)
