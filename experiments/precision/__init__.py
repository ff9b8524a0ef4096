"""How exact weights and states have to be: bits stored against bits of weight, of state, and against noise."""
