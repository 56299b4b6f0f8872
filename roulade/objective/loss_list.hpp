ADD(l2)
ADD(l1)
ADD(huber)
