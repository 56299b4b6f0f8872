ADD(uniform)
ADD(log_normal)
ADD(stratified)
