ADD(uniform)
ADD(min_snr)
ADD(edm)
