"""What a register is made of: its declaration, who may see what (views, masks, sealed fields), what a service reads and writes with."""
