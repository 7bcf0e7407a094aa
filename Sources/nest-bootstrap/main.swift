print("nest-bootstrap")
