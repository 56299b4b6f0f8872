ADD(mlp)
ADD(residual_mlp)
ADD(unet)
ADD(dit)
