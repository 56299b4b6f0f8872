ADD(vae)
ADD(gan)
